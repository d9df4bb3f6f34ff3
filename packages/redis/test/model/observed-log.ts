import type { EndEvent } from '@sluice/core'
import { ownTimeMs } from '@sluice/testing/patience'
import { Redis } from 'ioredis'

import { decodeChunk } from '../../src/protocol/chunk-codec.ts'
import { tokensOf } from './speaker.ts'

/** What stood in a log at some time: its tokens by place, and how it ended. */
interface Version {
  readonly tokens: readonly string[]
  readonly end: EndEvent | undefined
}

/** Everything that Redis ever took into a stream's log, in the order in which it did. */
export class ObservedLog {
  /** Complete ones, and what was there before something was written over. */
  readonly #past: Version[] = []
  #now: Version = { tokens: [], end: undefined }
  /** When its latest end was seen, in this process's own time. */
  endedAtMs = 0
  #epoch = 0
  /** Entries that do not follow from the one before, or come from an older producer; a failover may bring them about. */
  readonly breaks: string[] = []
  readonly #redis: Redis

  constructor(url: string) {
    this.#redis = new Redis(url)
  }

  async watch(channel: string): Promise<void> {
    this.#redis.on('message', (_, message) => {
      if (message.startsWith('[')) this.#take(message)
    })
    await this.#redis.subscribe(channel)
  }

  get versions(): readonly Version[] {
    return [...this.#past, this.#now]
  }

  get end(): EndEvent | undefined {
    return this.#now.end
  }

  /** Whether these tokens stood there, one after the other, from the place after `from` on. */
  held(tokens: readonly string[], from: number, end: EndEvent | undefined): boolean {
    return this.versions.some(
      (version) =>
        tokens.every((token, index) => version.tokens[from + index] === token) &&
        (!end ||
          (version.tokens.length === from + tokens.length && JSON.stringify(version.end) === JSON.stringify(end))),
    )
  }

  /** A round trip: what was published before is here. */
  async settle(): Promise<void> {
    await this.#redis.ping()
  }

  close(): void {
    this.#redis.disconnect()
  }

  #take(message: string): void {
    const { epoch, firstSeq, events } = decodeChunk(message)
    if (firstSeq !== this.#now.tokens.length + 1 || this.#now.end || epoch < this.#epoch) this.breaks.push(message)
    this.#epoch = epoch
    const last = events.at(-1)
    const end = typeof last === 'object' && last.type === 'end' ? last : undefined
    const tokens = tokensOf(events.filter((event) => typeof event === 'string').join(''))
    const kept = this.#now.tokens.slice(0, firstSeq - 1)
    if (kept.length < this.#now.tokens.length || this.#now.end) this.#past.push(this.#now)
    this.#now = { tokens: [...kept, ...tokens], end }
    if (end) this.endedAtMs = ownTimeMs()
  }
}
