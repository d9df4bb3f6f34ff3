import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { newDirectories } from '../../../../sqlite/test/rig/directories.ts'
import type { StoredDocument } from '../../../src/index.ts'
import { sqliteDocuments } from '../../../src/sqlite.ts'
import { type Told, valueOf } from './told.ts'

const PROGRAM = fileURLToPath(new URL('writing-process.ts', import.meta.url))
/** How often a process is killed; `npm run soak -- sqlite` asks for more. */
const KILLS = Number(process.env.SLUICE_KILLS ?? 30)
/** Processes that are killed at the same time, each with a directory of its own. */
const BESIDE = 2
/** A process has this long at most from its first write on. */
const LIVES_MS = 60
const newDirectory = newDirectories()
/** What one process has compiled, the next need not. */
const COMPILED = newDirectory()

/** What is known of two documents that are written together. */
interface Known {
  readonly ids: readonly string[]
  written: number
  /** A later version, which may be there or not; 0: they may be gone. */
  writing: number | undefined
}

class Killed {
  readonly directory: string = newDirectory()
  readonly known: Map<string, Known> = new Map()

  /** Lets a process live for a while, kills it, and notes what it has told. */
  async live(): Promise<void> {
    const told = newDirectory()
    const child = spawn(process.execPath, ['--conditions=@sluice/source', PROGRAM, this.directory, told], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_COMPILE_CACHE: COMPILED },
    })
    const exited = once(child, 'exit')
    await Promise.race([once(child.stdout, 'data'), exited])
    setTimeout(() => child.kill('SIGKILL'), Math.random() * LIVES_MS)
    expectKilled((await exited) as [number | null, string | null])
    // The last line may be cut in the middle.
    const lines = readFileSync(told, 'utf8').split('\n').slice(0, -1)
    for (const line of lines) this.#note(JSON.parse(line) as Told)
  }

  #note({ is, ids, version }: Told): void {
    const known = this.known.get(ids[0]!) ?? { ids, written: 0, writing: undefined }
    this.known.set(ids[0]!, known)
    if (is === 'writing') known.writing = version
    else [known.written, known.writing] = [version, undefined]
  }
}

function expectKilled([code, signal]: [number | null, string | null]): void {
  expect([code, signal]).toEqual([null, 'SIGKILL'])
}

/** Everything that was said to be written is there, and of what was being written all or nothing. */
async function expectAll({ directory, known }: Killed): Promise<void> {
  const store = sqliteDocuments({ directory, onWarning: (message) => expect.unreachable(message) })
  for (const each of known.values()) {
    const documents = each.ids.map((id) => store.read({ kind: 'job', id }) as StoredDocument | undefined)
    const [version, ...others] = documents.map((document) => document?.version ?? 0)
    expect(others).toEqual([version])
    expect([each.written, each.writing]).toContain(version)
    for (const document of documents)
      if (document) expect(document.value).toEqual(valueOf(document.id, document.version))
    ;[each.written, each.writing] = [version!, undefined]
  }
  await store.close()
  const database = new DatabaseSync(join(directory, 'documents.db'))
  expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
  const counted = 'SELECT kind, state, scope, count(*) AS documents FROM documents GROUP BY kind, state, scope'
  const kept = `SELECT kind, state, scope, documents FROM counts WHERE scope <> ''`
  expect(database.prepare(`${kept} EXCEPT ${counted}`).all()).toEqual([])
  expect(database.prepare(`${counted} EXCEPT ${kept}`).all()).toEqual([])
  database.close()
}

test(`whenever a process is killed, all that it was told is written is there, and nothing by halves (${KILLS} times)`, async () => {
  const kill = async (times: number): Promise<number> => {
    const killed = new Killed()
    for (let time = 0; time < times; time++) {
      await killed.live()
      await expectAll(killed)
    }
    return [...killed.known.values()].reduce((sum, { written }) => sum + written, 0)
  }
  const shares = Array.from({ length: BESIDE }, (_, index) => Math.ceil((KILLS - index) / BESIDE))
  // Nothing can be wrong with what nobody has written.
  for (const versions of await Promise.all(shares.map(kill))) expect(versions).toBeGreaterThan(0)
})
