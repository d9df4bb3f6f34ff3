import type { SluiceError, SluiceErrorCode } from '@sluice/core'

import { ClientError, cutError } from '../errors/client-error.ts'
import type { Refusal } from '../machine/resume-input.ts'
import type { ControlOutcome, ControlRequest, LinkRequest } from './link.ts'

/** The most that is read of an answer which is no stream. */
const MAX_REFUSAL_CHARS = 16_384
/** What the stream itself came to: it comes to the same for whoever asks again. */
const OF_THE_STREAM = /_(SOURCE|SOURCE_ITEM|BACKEND|TIMEOUT|CANCELLED|INTERRUPTED)$/

const BY_STATUS: Readonly<Record<number, SluiceErrorCode>> = {
  401: 'SLUICE_ERR_UNAUTHORIZED',
  404: 'SLUICE_ERR_NOT_FOUND',
  410: 'SLUICE_ERR_GONE',
  429: 'SLUICE_ERR_RATE',
}

/** What an answer means that is no stream of events: a refusal for good, or a break that another attempt may mend. */
export async function readRefusal(response: Response, nowMs: number): Promise<Refusal> {
  const error = await errorOf(response, nowMs)
  const isFinal = !response.ok && (OF_THE_STREAM.test(error.code) || !isTemporary(response.status))
  return { type: isFinal ? 'refused' : 'broken', error }
}

/** What else than a stream is asked for: JSON. */
export async function askJson(
  { environment, headers, credentials }: Pick<LinkRequest, 'environment' | 'headers' | 'credentials'>,
  url: string,
  init?: RequestInit,
): Promise<ControlOutcome & { response?: Response }> {
  try {
    const asked = { ...headers, accept: 'application/json', 'content-type': 'application/json' }
    const response = await environment.fetch(url, { ...init, headers: asked, credentials })
    const isAnswer = response.ok && response.headers.get('content-type')?.includes('json')
    if (!isAnswer) return { refusal: await readRefusal(response, environment.now()) }
    return { response, answer: (await response.json()) as ControlOutcome['answer'] }
  } catch (error) {
    return { refusal: { type: 'broken', error: networkError(error) } }
  }
}

/** A request about a stream, as a post: `cancel`, `send`, `ack` below its address. */
export function postControl(request: ControlRequest): Promise<ControlOutcome> {
  const { url, verb, body } = request
  return askJson(request, `${url}/${verb}`, { method: 'POST', body: JSON.stringify(body) })
}

/** The error that an answer tells. What is not sluice's own words (a proxy's page, say) is never shown as such. */
async function errorOf(response: Response, nowMs: number): Promise<SluiceError> {
  const { status } = response
  const type = response.headers.get('content-type') ?? ''
  const retryAfterMs = readRetryAfter(response.headers.get('retry-after'), nowMs)
  const told = /\bjson\b/.test(type) ? readProblem(await readText(response)) : undefined
  if (!told) void response.body?.cancel().catch(() => undefined)
  if (told && /^SLUICE_ERR_\w+$/.test(told.code)) {
    return new ClientError(told.code as SluiceErrorCode, told.message, { status, retryAfterMs })
  }
  if (response.ok) {
    const what = `The answer is ${type.slice(0, 80) || 'nothing'}, and no stream.`
    return new ClientError('SLUICE_ERR_PARSE', what, { retryAfterMs })
  }
  const code = BY_STATUS[status] ?? (status < 500 ? 'SLUICE_ERR_REQUEST' : 'SLUICE_ERR_READING_CLOSED')
  const message = told?.message ?? `The answer had the status ${status}.`
  return new ClientError(code, message, { status, retryAfterMs })
}

/** The error of a request that got no answer, or an answer that broke off; an error of our own is that already. */
export function networkError(cause: unknown): ClientError {
  return cause instanceof ClientError ? cause : cutError('The connection broke.', { cause })
}

function isTemporary(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || (status >= 500 && status !== 501 && status !== 505)
}

/** Seconds, or a date. */
function readRetryAfter(value: string | null, nowMs: number): number | undefined {
  if (value === null) return undefined
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs
  return ms > 0 ? ms : undefined
}

/** `application/problem+json`, or the shape of OpenAI's errors. */
function readProblem(text: string): { code: string; message: string } | undefined {
  try {
    const problem = JSON.parse(text) as Record<string, unknown>
    const { code, detail, message } = (problem.error ?? problem) as Record<string, string | undefined>
    return { code: String(code), message: String(detail ?? message ?? code) }
  } catch {
    return undefined
  }
}

async function readText({ body }: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  const reader = body?.getReader()
  while (reader && text.length < MAX_REFUSAL_CHARS) {
    const { value, done } = await reader.read()
    if (done) break
    text += decoder.decode(value, { stream: true })
  }
  void reader?.cancel().catch(() => undefined)
  return text
}
