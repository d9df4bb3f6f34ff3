import { SluiceError } from '@sluice/core'

import type { HttpRequest } from './http-request.ts'
import { preferenceOf } from './prefer.ts'

/** Longest wait, in seconds: proxies and serverless functions give up after a minute. */
export const MAX_WAIT_SECONDS = 55

const SHOWN_CHARS = 32

/**
 * How long a request may be made to wait for its answer, in milliseconds: `Prefer: wait=N` with whole seconds, else `?wait=N`,
 * else not at all. What is below 0 counts as 0, what is above {@link MAX_WAIT_SECONDS} as that. A HEAD request never waits.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST` for what is no whole number
 */
export function readWaitMs({ method, header, query }: Pick<HttpRequest, 'method' | 'header' | 'query'>): number {
  if (method === 'HEAD') return 0
  const preferred = preferenceOf(header('prefer'), 'wait')
  return toMilliseconds(
    preferred === undefined ? '"wait" of the query' : '"wait" in Prefer',
    preferred ?? query.get('wait'),
  )
}

/**
 * How long a request that starts a stream waits for its end, in milliseconds, where it says `Prefer: respond-async`; `wait=N`
 * beside it is read as {@link readWaitMs} does.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST` for what is no whole number
 */
export function readAsyncWaitMs({ header }: Pick<HttpRequest, 'header'>): number | undefined {
  const prefer = header('prefer')
  if (preferenceOf(prefer, 'respond-async') === undefined) return undefined
  return toMilliseconds('"wait" in Prefer', preferenceOf(prefer, 'wait') ?? null)
}

function toMilliseconds(name: string, asked: string | null): number {
  if (asked === null) return 0
  if (/^-?\d+$/.test(asked)) return Math.min(Math.max(Number(asked), 0), MAX_WAIT_SECONDS) * 1_000
  const shown = JSON.stringify(asked.slice(0, SHOWN_CHARS))
  throw new SluiceError(
    'SLUICE_ERR_REQUEST',
    `The ${name} is ${shown}; it must be a whole number of seconds, of which at most ${MAX_WAIT_SECONDS} count.`,
  )
}
