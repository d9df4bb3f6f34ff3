import type { Inbox } from './inbox.ts'
import type { Json } from './json.ts'
import type { SourceContext } from './source.ts'
import type { StoredStream } from './store.ts'

/** What its producer lends a source. */
export interface SourceHost {
  readonly stored: StoredStream
  readonly prefix: string
  readonly signal: AbortSignal
  readonly inbox: Inbox
  touch(): void
}

/** What a source is given. Asked for when it is used: many sources never look at most of it. */
export class HostedSourceContext implements SourceContext {
  readonly #host: SourceHost

  constructor(host: SourceHost) {
    this.#host = host
  }

  get id(): string {
    return this.#host.stored.facts.id
  }

  get prefix(): string {
    return this.#host.prefix
  }

  get input(): Json | undefined {
    return this.#host.stored.facts.source?.input
  }

  get meta(): SourceContext['meta'] {
    return this.#host.stored.facts.meta
  }

  get signal(): AbortSignal {
    return this.#host.signal
  }

  get inbox(): SourceContext['inbox'] {
    return this.#host.inbox
  }

  /** Bound by hand: sources take it out of their context. */
  get touch(): () => void {
    return () => this.#host.touch()
  }
}
