import type { EndReason, TokenStream } from '@sluice/core'

/** How an attach turned out: a reading, or an error's status and its wish for a retry. */
export type AttachOutcome =
  | { stream: Pick<TokenStream, 'end' | 'exhausted'> }
  | { error: { readonly status: number; readonly retryAfterMs?: number | undefined } }

/**
 * What a reader is answered. `over`: there is nothing after its cursor, ever. `later`: it should come back by itself.
 */
export type AttachAnswer =
  | { is: 'stream'; status: 200 }
  | { is: 'over'; status: 204; reason: EndReason }
  | { is: 'later'; status: 200; retryMs: number }
  | { is: 'refused'; status: number }

/** When an `EventSource` that cannot be served now comes back, at least. */
const LATER_MS = 5_000

/**
 * The answer to an attach. Total: every outcome has one.
 *
 * An `EventSource` dies for ever on any status but 200. That is right for what will not change, and wrong for what will:
 * a client that is to be treated forgivingly is told to come back, by a stream that ends at once.
 */
export function answerAttach(outcome: AttachOutcome, forgiving: boolean): AttachAnswer {
  if ('stream' in outcome) {
    const { end, exhausted } = outcome.stream
    return end && exhausted ? { is: 'over', status: 204, reason: end.reason } : { is: 'stream', status: 200 }
  }
  const { status, retryAfterMs = 0 } = outcome.error
  const temporary = status === 429 || status === 503
  if (forgiving && temporary) return { is: 'later', status: 200, retryMs: Math.max(LATER_MS, Math.ceil(retryAfterMs)) }
  return { is: 'refused', status }
}
