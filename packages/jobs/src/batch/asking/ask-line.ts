import type { Principal } from '@sluice/core'
import { type Scheduler, withinTime } from '@sluice/core/extend'

import type { RequestOutcome } from '../rate/adaptive-concurrency.ts'
import { isBusyStatus, isFailingStatus } from '../rate/status-meaning.ts'
import type { LineOutcome } from '../state/line-format.ts'
import type { LinePlace, LinePlaces } from './line-places.ts'
import { pause } from './pause.ts'

/** One request of a batch, for whoever asks the backend. */
export interface BatchLine {
  /** The id of the batch. */
  readonly batch: string
  /** 1 is the first line of the file. */
  readonly line: number
  readonly customId: string
  /** Such as `/v1/chat/completions`. */
  readonly endpoint: string
  /** JSON of the request, digit for digit as the file has it. */
  readonly body: string
  /** Whose batch it is. */
  readonly owner: Pick<Principal, 'owner' | 'tenant'>
}

/** What a backend answered, whatever its status. */
export interface LineAnswer {
  readonly statusCode: number
  /** As the backend names the request; `null` where it does not. */
  readonly requestId: string | null
  /** JSON text. */
  readonly body: string
  /** When asking again makes sense, in milliseconds, where the backend says so. */
  readonly retryAfterMs?: number | undefined
}

/**
 * Asks a backend for one line. It rejects where there is no HTTP answer; the signal aborts when the answer is not wanted any more.
 *
 * @example
 * ```ts
 * const run: RunLine = async ({ endpoint, body }, { signal }) => {
 *   const response = await fetch(`http://localhost:8000${endpoint}`, { method: 'POST', body, signal })
 *   return { statusCode: response.status, requestId: response.headers.get('x-request-id'), body: await response.text() }
 * }
 * ```
 */
export type RunLine = (line: BatchLine, context: { readonly signal: AbortSignal }) => Promise<LineAnswer>

/** How a line is asked. */
export interface AskRules {
  readonly run: RunLine
  readonly scheduler: Scheduler
  /** How long one answer may take. */
  readonly lineMs: number
  /** How often a backend that fails is asked. */
  readonly attempts: number
  readonly random: () => number
  /** From where the backend is asked. */
  readonly places: LinePlaces
}

/** After so many the backend means it: a quota that is used up says the same. */
const BUSY_ATTEMPTS = 50
/** How long an answer that is not wanted any more is waited for: it may be under way. */
const GRACE_MS = 5_000
const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 30_000

type Asked = LineAnswer | { readonly error: { readonly code: string; readonly message: string } }

/** A line that has begun, and the place that it has for the first time it is asked. */
export interface BegunLine {
  readonly line: BatchLine
  /** How often it had begun, this time included. */
  readonly attempts: number
  readonly place: LinePlace
}

/**
 * Asks for one line until there is an answer that stands, or none will come. Never rejects; `undefined` where the signal aborted
 * before: the line is not finished.
 */
export async function askLine(
  begun: BegunLine,
  rules: AskRules,
  signal: AbortSignal,
): Promise<LineOutcome | undefined> {
  const { line, attempts } = begun
  const { scheduler, places, random } = rules
  let failures = 0
  let place: LinePlace | undefined = begun.place
  for (let again = 0; place; again++) {
    const last: Asked = await askOnce(line, rules, signal)
    const isBusy = 'statusCode' in last && isBusyStatus(last.statusCode)
    const isFailing = 'error' in last || isFailingStatus(last.statusCode)
    const waitMs = 'retryAfterMs' in last ? last.retryAfterMs : undefined
    place.release(outcomeOf(last, signal), isBusy ? waitMs : undefined)
    if (isFailing && !signal.aborted) failures++
    const stands = isBusy ? again + 1 >= BUSY_ATTEMPTS : !isFailing || failures >= rules.attempts
    // An answer that came all the same is kept.
    if (stands && !(signal.aborted && 'error' in last)) {
      return { line: line.line, customId: line.customId, attempts: attempts + again, result: resultOf(last) }
    }
    await pause(scheduler, waitOf(again, waitMs, random), signal)
    place = await places.take(signal)
  }
  return undefined
}

async function askOnce(line: BatchLine, { run, scheduler, lineMs }: AskRules, signal: AbortSignal): Promise<Asked> {
  const cut = new AbortController()
  const givenUp = Promise.withResolvers<never>()
  const abort = (): void => {
    cut.abort(signal.reason)
    // Whoever does not heed the signal is not waited for.
    void pause(scheduler, GRACE_MS, over.signal).then(() => givenUp.reject(new TooLate()))
  }
  const over = new AbortController()
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort)
  try {
    const answering = Promise.race([Promise.resolve().then(() => run(line, { signal: cut.signal })), givenUp.promise])
    return await withinTime(scheduler, answering, { ms: lineMs, tooLate: () => new TooLate() })
  } catch (error) {
    // It may go on where it was not waited for.
    cut.abort()
    return { error: errorOf(error, lineMs) }
  } finally {
    signal.removeEventListener('abort', abort)
    // Of a reason that is given no exception is made, with a stack that nobody looks at.
    over.abort('over')
  }
}

function outcomeOf(last: Asked, signal: AbortSignal): RequestOutcome {
  if ('error' in last) return signal.aborted ? 'void' : 'failed'
  if (isBusyStatus(last.statusCode)) return 'limited'
  if (last.statusCode >= 500) return 'failed'
  return last.statusCode < 400 ? 'ok' : 'void'
}

class TooLate extends Error {}

/** Clients read the reason; what the backend's client threw may have names of machines in it. */
function errorOf(error: unknown, lineMs: number): { code: string; message: string } {
  if (error instanceof TooLate) {
    return { code: 'request_timeout', message: `The backend did not answer within ${lineMs} ms.` }
  }
  return { code: 'backend_unreachable', message: 'The backend could not be reached, or cut the answer.' }
}

function resultOf(last: Asked): LineOutcome['result'] {
  if ('error' in last) return last
  const { statusCode, requestId, body } = last
  return { statusCode, requestId, body: isJson(body) ? body : JSON.stringify(body) }
}

/** What is no JSON would break the line it is written to. */
function isJson(text: unknown): text is string {
  try {
    JSON.parse(text as string)
    return typeof text === 'string'
  } catch {
    return false
  }
}

function waitOf(again: number, wishedMs: number | undefined, random: () => number): number {
  const growing = Math.min(FIRST_WAIT_MS * 2 ** again, LONGEST_WAIT_MS)
  const wished = wishedMs !== undefined && wishedMs >= 0 ? Math.min(wishedMs, 10 * LONGEST_WAIT_MS) : 0
  return wished + growing * (0.5 + random() / 2)
}
