import { errorOfEnd, isOver } from '../log/end.ts'
import { SluiceError } from '../events/errors.ts'
import { guardSignal } from './guarded-signal.ts'
import { headGone } from '../log/cursor-place.ts'
import { Inbox } from './inbox.ts'
import type { Json } from '../events/json.ts'
import type { Log } from '../log/log.ts'
import type { SourceContext } from './source.ts'
import type { StoredStream } from '../store/store.ts'
import { textOf } from '../store/result.ts'

/** Whoever produces a stream from a source. */
export interface SourceHost {
  readonly stored: StoredStream
  touch(): void
  /** What listens to the signal of a source has thrown. */
  listenerFailed(error: unknown): void
}

/** What a source is lent until its stream is over. Made when it is used: many sources never look at most of it. */
export class HostedSourceContext implements SourceContext {
  readonly #host: SourceHost
  /** Text that an earlier producer of this stream had given; nothing where its beginning is not kept any more. */
  readonly #prefix: string | undefined
  #inbox: Inbox | undefined
  #controller: AbortController | undefined

  constructor(host: SourceHost) {
    this.#host = host
    const { log } = host.stored
    if (log.firstSeq === 1) this.#prefix = log.lastSeq === 0 ? '' : loggedText(log)
  }

  get id(): string {
    return this.#host.stored.facts.id
  }

  get prefix(): string {
    if (this.#prefix === undefined) throw headGone()
    return this.#prefix
  }

  get input(): Json | undefined {
    return this.#host.stored.facts.source?.input
  }

  get meta(): SourceContext['meta'] {
    return this.#host.stored.facts.meta
  }

  /** Made on first use: it is the dearest object of an idle stream. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      guardSignal(this.#controller.signal, (error) => this.#host.listenerFailed(error))
      const { end, lost } = this.#host.stored.log
      if (end && !end.complete) this.#controller.abort(errorOfEnd(end))
      if (lost) this.#controller.abort(new SluiceError('SLUICE_ERR_INTERRUPTED', 'This process has lost the stream.'))
    }
    return this.#controller.signal
  }

  get inbox(): SourceContext['inbox'] {
    return this.#messages()
  }

  /** Bound by hand: sources take it out of their context. */
  get touch(): () => void {
    return () => this.#host.touch()
  }

  /** @internal A message for the source. `false`: not taken. */
  tell(message: Json): boolean {
    return this.#messages().push(message)
  }

  /** @internal The stream is over; with a reason when the source is to stop for it. */
  takeBack(reason: SluiceError | undefined): void {
    this.#inbox?.close()
    if (reason) this.#controller?.abort(reason)
  }

  #messages(): Inbox {
    if (!this.#inbox) {
      this.#inbox = new Inbox()
      if (isOver(this.#host.stored.log)) this.#inbox.close()
    }
    return this.#inbox
  }
}

function loggedText(log: Log): string {
  return textOf(log.read(log.firstSeq - 1, Infinity).map((entry) => entry.event))
}
