import { SluiceError } from '@sluice/core'

import type { ClientMessage } from '../message/client-message.ts'
import type { ResolvedWebSocketLimits } from '../handshake/options.ts'

/** Which requests share a bound: what starts slowly must not be in the way of what stops it. */
const KINDS: { readonly [Type in ClientMessage['type']]: 'readings' | 'cancels' | 'others' } = {
  start: 'readings',
  attach: 'readings',
  cancel: 'cancels',
  detach: 'others',
  ack: 'others',
  send: 'others',
  ping: 'others',
  authenticate: 'others',
}

/**
 * Counts the requests of a socket that are not answered yet. Those that begin readings are as many as there may be readings;
 * all of these can be cancelled at once, whatever else is pending.
 */
export class PendingRequests {
  /** So many answers may be due at once. */
  readonly max: number
  readonly #maxima: { readonly readings: number; readonly cancels: number; readonly others: number }
  readonly #pending = { readings: 0, cancels: 0, others: 0 }

  constructor({ maxStreams, maxPendingRequests }: Pick<ResolvedWebSocketLimits, 'maxStreams' | 'maxPendingRequests'>) {
    // Beyond the readings there may be, some are refused for that: these are answered at once.
    const readings = maxStreams + maxPendingRequests
    this.#maxima = { readings, cancels: maxStreams + maxPendingRequests, others: maxPendingRequests }
    this.max = readings + this.#maxima.cancels + maxPendingRequests
  }

  /** Gives the function that counts it no more. @throws SluiceError `SLUICE_ERR_OVERLOADED` */
  enter(type: ClientMessage['type']): () => void {
    const kind = KINDS[type]
    if (this.#pending[kind] >= this.#maxima[kind]) {
      const message = 'Too many of your requests are not answered yet, which is what limits.maxPendingRequests bounds.'
      throw new SluiceError('SLUICE_ERR_OVERLOADED', message, { retryAfterMs: 100 })
    }
    this.#pending[kind]++
    return () => {
      this.#pending[kind]--
    }
  }
}
