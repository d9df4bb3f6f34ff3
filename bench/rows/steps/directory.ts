import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Child } from '../../process/child.ts'
import type { Reopened, Talk, Talked } from '../../steps/directory-program.ts'
import type { AloneRow, Metrics } from '../../trials/row.ts'

const MEMORY = { name: 'memory store' }
const DIRECTORY = { name: 'sluice sqlite' }
const MIB = 1024 * 1024

const TALK: Talk = { streams: 200, tokensPerSecond: 40, seconds: 10 }
const QUICK_TALK: Talk = { ...TALK, seconds: 2 }
const KEPT = 10_000
const QUICK_KEPT = 1_000

export const sqliteTokens: AloneRow = {
  id: 'sqlite-tokens',
  title: 'Tokens into a directory',
  what: `${TALK.streams} streams of ${TALK.tokensPerSecond} tokens a second, each with a reader of sluice’s own SSE in the same process; CPU of the process by the token, and the longest step.`,
  expected:
    'A commit each 10 ms has what 80 streams have said: some 30 µs of system calls and as much of JSON, less than a microsecond a token. No step waits for the disk.',
  contestants: [MEMORY, DIRECTORY],
  floors: [
    {
      what: 'CPU a token, beside the memory store',
      metric: 'cpuUsPerToken',
      contestant: DIRECTORY,
      against: MEMORY,
      compare: 'ratio',
      unit: '×',
      max: 1.3,
    },
    { what: 'longest step', metric: 'stepMs', contestant: DIRECTORY, compare: 'value', unit: 'ms', max: 20 },
  ],
  async measureAlone({ name }, { quick }): Promise<Metrics> {
    return inDirectory(async (directory) => {
      const child = new Child('steps/directory-program.ts', [
        JSON.stringify(name === DIRECTORY.name ? { directory } : {}),
      ])
      try {
        const { cpuUsPerToken, ownMs, wallMs } = await child.ask<Talked>('talk', quick ? QUICK_TALK : TALK)
        return { cpuUsPerToken, stepMs: ownMs, stepWallMs: wallMs }
      } finally {
        await child.stop()
      }
    })
  },
}

export const sqliteStart: AloneRow = {
  id: 'sqlite-start',
  title: 'A directory of ten thousand streams',
  what: `${KEPT} ended streams of 200 tokens are kept; a fresh process opens their directory: how long that takes, and by how much its memory grows.`,
  expected: 'Nothing is read of what has ended: some milliseconds, and the pages that SQLite keeps.',
  contestants: [DIRECTORY],
  floors: [
    { what: 'start', metric: 'startMs', contestant: DIRECTORY, compare: 'value', unit: 'ms', max: 500 },
    { what: 'memory', metric: 'heldMib', contestant: DIRECTORY, compare: 'value', unit: 'MiB', max: 20 },
  ],
  async measureAlone(_, { quick }): Promise<Metrics> {
    return inDirectory(async (directory) => {
      const program = (): Child => new Child('steps/directory-program.ts', [JSON.stringify({ directory })])
      const filling = program()
      await filling.ask('keep', { streams: quick ? QUICK_KEPT : KEPT })
      await filling.stop()
      const opening = program()
      const { startMs, heldBytes } = await opening.ask<Reopened>('reopen')
      await opening.stop()
      return { startMs, heldMib: heldBytes / MIB }
    })
  },
}

async function inDirectory<Value>(act: (directory: string) => Promise<Value>): Promise<Value> {
  const root = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
  try {
    return await act(join(root, 'data'))
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
