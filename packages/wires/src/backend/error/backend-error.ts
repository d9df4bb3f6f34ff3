import { isSluiceError, type Json, SluiceError } from '@sluice/core'
import { bounded, type ErrorBody, errorBodyOfText, isErrorStatus, statusIn, toErrorBody } from './error-body.ts'
import type { Redact } from './redact.ts'
import { readHead } from './read-head.ts'

/** More of an error's body is not read: its words stand at its beginning. */
const MAX_ERROR_BODY_BYTES = 64 * 1024
const MAX_QUOTE_CHARS = 500
const MAX_RETRY_AFTER_MS = 24 * 60 * 60 * 1000

/** Everything that can be wrong with a backend, as errors that tell what it said, bounded and without our own key. */
export class BackendErrors {
  readonly #redact: Redact

  constructor(redact: Redact) {
    this.#redact = redact
  }

  /** An answer other than 2xx, with its status, its wish for a retry and its own words. Reads its body. */
  async refused(response: Response): Promise<SluiceError> {
    const { status, headers } = response
    const body = errorBodyOfText(await readHead(response, MAX_ERROR_BODY_BYTES), this.#redact)
    return toError(`The backend answered with status ${status}`, body, {
      status: isErrorStatus(status) ? status : 502,
      retryAfterMs: retryAfterMs(headers),
    })
  }

  /** What a backend says in the middle of its stream, or in an answer that calls itself a success. */
  reported(value: Json, status?: number): SluiceError {
    const body = toErrorBody(value, this.#redact)
    return toError('The backend reported an error', body, { status: status ?? statusIn(value) ?? 502 })
  }

  /** An event that calls itself an error and holds mere text. */
  reportedText(text: string): SluiceError {
    return toError('The backend reported an error', errorBodyOfText(text, this.#redact), { status: 502 })
  }

  /** A choice ended with a word that means a failure, and nothing explains it. */
  gaveUp(word: string): SluiceError {
    return fail(`The backend gave up in the middle of its answer (finish_reason "${this.#quote(word, 40)}").`)
  }

  /** A success without any answer: `text` is how its body begins. */
  noAnswer(text: string, mediaType: string): SluiceError {
    const type = mediaType === '' ? '' : ` of type ${this.#quote(mediaType, 80)}`
    const words = errorBodyOfText(text, this.#redact)?.error.message ?? text
    if (words.trim() === '') return fail(`The backend's answer${type} is empty.`)
    return fail(`The backend's answer${type} holds no choice of a completion: ${this.#quote(words)}`)
  }

  noBody(status: number): SluiceError {
    return fail(`The backend answered with status ${status} and no body.`)
  }

  notJson(text: string): SluiceError {
    return fail(`The backend sent a chunk that is not JSON: ${this.#quote(text)}`)
  }

  noObject(text: string): SluiceError {
    return fail(`The backend sent a chunk that is not a JSON object: ${this.#quote(text)}`)
  }

  cutChunk(): SluiceError {
    return fail('The backend ended its answer in the middle of a chunk.')
  }

  cutAnswer(): SluiceError {
    return fail('The backend ended its answer without [DONE], and without a finish_reason for all that it had begun.')
  }

  cutBefore(last: string): SluiceError {
    return fail(`The backend ended its answer without ${last}.`)
  }

  overLimit(what: string, option: string, limit: number): SluiceError {
    return fail(`The backend sent ${what} than ${option} (${limit}) allows.`)
  }

  noEventStream(cause: SluiceError): SluiceError {
    return fail(`The backend sent what is not an event stream. ${cause.message}`, cause)
  }

  unreachable(cause: unknown): SluiceError {
    return fail(`The backend could not be reached${codeOf(cause)}.`, cause)
  }

  broken(cause: unknown): SluiceError {
    return fail(`The connection to the backend broke in the middle of its answer${codeOf(cause)}.`, cause)
  }

  #quote(text: string, maxChars = MAX_QUOTE_CHARS): string {
    return bounded(this.#redact(text), maxChars)
  }
}

function fail(message: string, cause?: unknown): SluiceError {
  return new SluiceError('SLUICE_ERR_BACKEND', message, { status: 502, cause })
}

function toError(
  what: string,
  body: ErrorBody | undefined,
  options: { status: number; retryAfterMs?: number | undefined },
): SluiceError {
  const message = body ? `${what}: ${body.error.message}` : `${what}.`
  return new SluiceError('SLUICE_ERR_BACKEND', message, { ...options, extra: body })
}

/** The code of the failure behind a failed request: it names the cause and no address. */
function codeOf(error: unknown): string {
  let cause = error
  for (let depth = 0; depth < 5 && typeof cause === 'object' && cause !== null && !isSluiceError(cause); depth++) {
    const { code } = cause as { code?: unknown }
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,60}$/.test(code)) return ` (${code})`
    cause = (cause as { cause?: unknown }).cause
  }
  return ''
}

/** `retry-after-ms`, else `retry-after` in seconds or as a date; `undefined` where neither makes sense. */
function retryAfterMs(headers: Headers): number | undefined {
  const exact = headers.get('retry-after-ms')
  const wish = headers.get('retry-after')
  let ms = exact === null ? NaN : Number.parseFloat(exact)
  if (Number.isNaN(ms) && wish !== null) {
    ms = /^\s*[0-9.]+\s*$/.test(wish) ? Number.parseFloat(wish) * 1000 : Date.parse(wish) - Date.now()
  }
  return ms >= 0 && ms <= MAX_RETRY_AFTER_MS ? Math.ceil(ms) : undefined
}
