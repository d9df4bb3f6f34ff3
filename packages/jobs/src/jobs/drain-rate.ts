import { randomBytes } from 'node:crypto'

import type { DocumentStore } from '../documents/document-store.ts'

const KIND = 'job-rate'
const WINDOW_MS = 30_000
/** How often a worker tells how fast it is. */
const TELL_MS = 5_000
const FORGOTTEN_MS = 60_000
const LEAST_MS = 1_000
const MOST_MS = 600_000
/** What is said while nothing is known: no worker has finished anything of late. */
const UNKNOWN_MS = 10_000

/** How fast the workers are, all together: what a client that found no room is told. */
export class DrainRate {
  readonly #documents: DocumentStore
  readonly #now: () => number
  readonly #id: string = randomBytes(8).toString('hex')
  readonly #done: number[] = []
  #toldMs = -Infinity
  #version = 0

  constructor(documents: DocumentStore, now: () => number) {
    this.#documents = documents
    this.#now = now
  }

  /** An attempt is over. Now and then the others are told. */
  done(): void {
    const now = this.#now()
    this.#done.push(now)
    while (this.#done[0]! < now - WINDOW_MS || this.#done.length > 10_000) this.#done.shift()
    if (now - this.#toldMs < TELL_MS) return
    this.#toldMs = now
    void this.#tell(now).catch(() => {})
  }

  /** In how many milliseconds one of the `waiting` jobs will have begun. */
  async untilRoomMs(waiting: number): Promise<number> {
    if (waiting === 0) return MOST_MS
    const { documents } = await this.#documents.list({ kind: KIND, scope: '', limit: 1_000 })
    const others = documents.filter(({ id }) => id !== this.#id)
    const perMs = others.reduce((sum, { value }) => sum + (value as { perMs: number }).perMs, this.#perMs(this.#now()))
    if (perMs === 0) return UNKNOWN_MS
    return Math.min(MOST_MS, Math.max(LEAST_MS, Math.ceil(1 / perMs)))
  }

  #perMs(now: number): number {
    const since = this.#done.filter((doneMs) => doneMs >= now - WINDOW_MS)
    return since.length === 0 ? 0 : since.length / Math.max(LEAST_MS, now - since[0]!)
  }

  async #tell(now: number): Promise<void> {
    const name = { kind: KIND, id: this.#id }
    const write = {
      ...name,
      value: { perMs: this.#perMs(now) },
      place: { scope: '', state: 'live' },
      forgetInMs: FORGOTTEN_MS,
    }
    const written = await this.#documents.write([{ ...write, after: this.#version }])
    this.#version = written.is === 'ok' ? this.#version + 1 : ((await this.#documents.read(name))?.version ?? 0)
  }
}
