import { once } from 'node:events'
import { rmSync } from 'node:fs'

import { createMemoryStore, createSluice, type Source, type Store } from '@sluice/core'
import type { Sink } from '@sluice/core/extend'
import { nativeSse } from '@sluice/sse'
import { sqliteStore } from '@sluice/sqlite'

import { NO_LIMITS } from '../contestants/sluice-setup.ts'
import { answerParent } from '../process/child.ts'
import { type LongestStep, StepWatch } from './longest-step.ts'

/** Streams that say tokens at a pace, each with a reader. */
export interface Talk {
  streams: number
  tokensPerSecond: number
  seconds: number
}

/** What that took. */
export interface Talked extends LongestStep {
  cpuUsPerToken: number
  tokens: number
}

/** What it takes to open a directory again. */
export interface Reopened {
  startMs: number
  heldBytes: number
}

const AS = { owner: 'bench' }
const KEPT_MS = 3_600_000
const KEPT_TOKENS = 200
/** Started together while a directory is filled. */
const AT_ONCE = 100

/** Without a directory streams live in memory. */
const { directory } = JSON.parse(process.argv[2]!) as { directory?: string }
const open = (): Store => (directory === undefined ? createMemoryStore() : sqliteStore(directory))
let store: Store | undefined
const instance = (): ReturnType<typeof createSluice> =>
  createSluice({
    store: (store ??= open()),
    limits: NO_LIMITS,
    stream: { onDisconnect: 'continue', retentionMs: KEPT_MS },
  })

class CountingSink implements Sink {
  bytes = 0
  write(bytes: string | Uint8Array): boolean {
    this.bytes += bytes.length
    return true
  }
  drained(): Promise<void> {
    return Promise.resolve()
  }
  close(): void {}
  destroy(): void {}
}

const paced = ({ tokensPerSecond, seconds }: Talk): Source =>
  async function* () {
    const everyMs = 1_000 / tokensPerSecond
    let dueMs = performance.now() + Math.random() * everyMs
    for (let token = 0; token < seconds * tokensPerSecond; token++) {
      await new Promise((resolve) => void setTimeout(resolve, Math.max(0, dueMs - performance.now())))
      dueMs += everyMs
      yield ' token'
    }
  }

async function talk(asked: Talk): Promise<number> {
  const sluice = instance()
  const streams = await Promise.all(Array.from({ length: asked.streams }, () => sluice.start(paced(asked), { as: AS })))
  for (const stream of streams) stream.deliver(new CountingSink(), { wire: nativeSse })
  await Promise.all(streams.map((stream) => stream.ended))
  return asked.streams * asked.seconds * asked.tokensPerSecond
}

function held(): number {
  globalThis.gc?.()
  return process.memoryUsage().rss
}

answerParent({
  async talk(asked: Talk): Promise<Talked> {
    await talk({ ...asked, seconds: 1 })
    const watch = new StepWatch()
    await talk({ ...asked, seconds: 1 })
    const longest = watch.take()
    watch.stop()
    const before = process.cpuUsage()
    const tokens = await talk(asked)
    const { user, system } = process.cpuUsage(before)
    return { cpuUsPerToken: (user + system) / tokens, tokens, ...longest }
  },
  async keep({ streams }: { streams: number }): Promise<void> {
    const sluice = instance()
    for (let kept = 0; kept < streams; kept += AT_ONCE) {
      const some = Array.from({ length: AT_ONCE }, (_, index) =>
        sluice.start(() => Array.from({ length: KEPT_TOKENS }, (__, token) => `${kept + index}.${token} `), { as: AS }),
      )
      await Promise.all((await Promise.all(some)).map((stream) => stream.ended))
    }
    await store!.dispose()
  },
  async reopen(): Promise<Reopened> {
    // Loaded by then, as it is in a server that starts.
    const warm = sqliteStore(`${directory}-warm`)
    await warm.dispose()
    rmSync(`${directory}-warm`, { recursive: true })
    const before = held()
    const beganMs = performance.now()
    store = open()
    const startMs = performance.now() - beganMs
    instance()
    await once(AbortSignal.timeout(500), 'abort')
    return { startMs, heldBytes: held() - before }
  },
})
