import type { ChunkInfo } from '../reader/delivery-listener.ts'
import type { ReadingOutcome } from '../events/notice.ts'
import type { EndEvent } from '../events/event.ts'
import type { StreamIdentity } from '../access/principal.ts'
import type { StreamTiming } from '../store/store.ts'

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
  started?(stream: StreamIdentity): void
  opened?(stream: StreamIdentity, info: { timing: StreamTiming }): void
  attached?(stream: StreamIdentity, info: { readers: number; resumed: boolean }): void
  chunk?(stream: StreamIdentity, info: ChunkInfo): void
  detached?(stream: StreamIdentity, info: { outcome: ReadingOutcome; readers: number }): void
  ended?(stream: StreamIdentity, info: { end: EndEvent; events: number; bytes: number; timing: StreamTiming }): void
  /** The source did not come to rest in time after its stream had ended; it keeps its place in the limits until it does. */
  sourceLeaked?(stream: StreamIdentity): void
  /** User code failed where nobody else would notice: a settle, a policy, an encoder. */
  failed?(stream: StreamIdentity | undefined, info: { where: string; error: unknown }): void
}

type Hook = keyof Observer

/** Calls every observer's hook; what they do is their own affair. */
export class Observers {
  readonly #observers: readonly Observer[]

  constructor(observers: readonly Observer[]) {
    this.#observers = observers
  }

  get none(): boolean {
    return this.#observers.length === 0
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
