import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline, type Readable } from 'node:stream'

import { BackendFailure } from '../upstream/failure.ts'

/** How long an answer that is passed on may stand still. */
export interface RelayLimits {
  /** Calls `task` later; gives what calls it off. */
  readonly after: (ms: number, task: () => void) => () => void
  /** The backend's silence. */
  readonly silenceMs: number | false
  /** A client's that does not read. */
  readonly stallMs: number | false
}

/** Watches over one exchange between a client and the backend: that neither is silent for longer than it may. */
export class Relay {
  readonly #limits: RelayLimits
  readonly #response: ServerResponse
  readonly #cut: (failure: BackendFailure) => void
  #callOff: () => void = () => {}
  #movedMs: number = performance.now()
  #over = false

  /** `cut` is called, once, when nothing has moved for too long. */
  constructor(response: ServerResponse, limits: RelayLimits, cut: (failure: BackendFailure) => void) {
    this.#limits = limits
    this.#response = response
    this.#cut = cut
    this.#watch()
  }

  /** Something has come or gone. */
  moved = (): void => {
    this.#movedMs = performance.now()
  }

  /** Passes the body on; resolves with what cut it, if anything did. */
  pass(body: Readable, answer: IncomingMessage): Promise<Error | undefined> {
    answer.on('data', this.moved)
    this.#response.on('drain', this.moved)
    return new Promise((resolve) => {
      // Cut on one side, the other is destroyed too: neither looks complete.
      pipeline(body, this.#response, (error) => resolve(error ?? undefined))
    })
  }

  close(): void {
    this.#over = true
    this.#callOff()
  }

  #watch(): void {
    const waits = this.#response.writableNeedDrain
    const limitMs = waits ? this.#limits.stallMs : this.#limits.silenceMs
    // What is switched off now may be the other party's turn later.
    const leftMs = limitMs === false ? LOOK_AGAIN_MS : this.#movedMs + limitMs - performance.now()
    if (leftMs > 0) {
      this.#callOff = this.#limits.after(Math.min(leftMs, LOOK_AGAIN_MS), () => this.#over || this.#watch())
      return
    }
    this.#over = true
    this.#cut(waits ? stalled(limitMs) : silent(limitMs))
  }
}

/** The two parties take turns in being waited for. */
const LOOK_AGAIN_MS = 1_000

function silent(limitMs: number | false): BackendFailure {
  const message = `Nothing has come for ${limitMs} ms (--upstream-silence-ms).`
  return new BackendFailure('silence', message, { told: message })
}

function stalled(limitMs: number | false): BackendFailure {
  return new BackendFailure('unknown', `The client has not read for ${limitMs} ms (--stall-ms)`)
}
