import type { ClosedCode } from '../events/codes.ts'
import type { EndEvent } from '../events/event.ts'
import type { StreamIdentity } from '../access/principal.ts'
import type { ReadingOutcome } from '../events/notice.ts'
import type { StreamTiming } from './stream-timing.ts'

/** One write to one reader. */
export interface ChunkInfo {
  events: number
  /** Wire bytes (UTF-16 units where the wire is text). */
  bytes: number
  /** How long its oldest event had been readable. */
  waitedMs: number
}

/** A reading that has begun. */
export interface AttachedInfo {
  /** How many there are here now. */
  readers: number
  /** It began past the start of its stream. */
  resumed: boolean
  /** What is read is written to a sink as it comes. Else this process itself reads: to answer as a whole, say. */
  delivered: boolean
}

/**
 * Is told what happens to streams, and decides nothing: what it throws, returns or hangs on changes no stream. Called
 * per stream and per chunk, never per token.
 *
 * @example
 * ```ts
 * const sluice = createSluice({ observers: [{ ended: (stream, { end, timing }) => log(stream.id, end.reason, timing) }] })
 * ```
 */
export interface Observer {
  /** A stream has begun here, or was taken over; its source is called next. */
  started?(stream: StreamIdentity): void
  /** The source is open: its function has settled, or its first item is there. */
  opened?(stream: StreamIdentity, info: { timing: StreamTiming }): void
  /** A reading has begun. */
  attached?(stream: StreamIdentity, info: AttachedInfo): void
  /** A chunk was written to one reader. */
  chunk?(stream: StreamIdentity, info: ChunkInfo): void
  /** A reading is over; `readers` is how many are left here. */
  detached?(stream: StreamIdentity, info: { outcome: ReadingOutcome; readers: number }): void
  /** A stream that was produced here has its end. */
  ended?(stream: StreamIdentity, info: { end: EndEvent; events: number; bytes: number; timing: StreamTiming }): void
  /**
   * A stream that was produced here is not any more: another process has it (`epoch`), or its store does not (`storage`). Nothing more is
   * told of it here, and no end.
   */
  lost?(stream: StreamIdentity, info: { code: ClosedCode }): void
  /** The source did not come to rest in time after its stream had ended; it keeps its place in the limits until it does. */
  sourceLeaked?(stream: StreamIdentity): void
  /**
   * User code failed: a source, with what it threw, of which readers are told no more than `errorFor` says; or what nobody
   * else would notice: a settle, a policy, an encoder, a listener to a source's signal. `where` names it.
   */
  failed?(stream: StreamIdentity | undefined, info: { where: string; error: unknown }): void
}

type Hook = keyof Observer

/** Calls every observer's hook; what they do is their own affair. */
export class Observers {
  #observers: readonly Observer[]

  constructor(observers: readonly Observer[]) {
    this.#observers = observers
  }

  /** One more, until the function that this gives is called. */
  add(observer: Observer): () => void {
    this.#observers = [...this.#observers, observer]
    return () => {
      this.#observers = this.#observers.filter((other) => other !== observer)
    }
  }

  /** Whether anybody wants to know of this: what is told for every chunk is not put together for nobody. */
  hears(hook: Hook): boolean {
    for (const observer of this.#observers) if (observer[hook]) return true
    return false
  }

  notify<Name extends Hook>(hook: Name, ...told: Parameters<NonNullable<Observer[Name]>>): void {
    for (const observer of this.#observers) {
      try {
        const result: unknown = (observer[hook] as ((...told: unknown[]) => unknown) | undefined)?.apply(observer, told)
        if (result instanceof Promise) result.catch(() => {})
      } catch {
        // Contract 13: an observer that throws changes nothing, and there is nobody left to tell.
      }
    }
  }
}
