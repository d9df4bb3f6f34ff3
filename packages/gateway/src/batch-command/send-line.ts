import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'

import type { Runtime } from '@sluice/core'
import { joinBytes } from '@sluice/core/extend'

import { type Agents } from '../upstream/agents.ts'
import { keyHeaders } from '../upstream/backend-key.ts'
import { decodedBody } from '../upstream/decode-body.ts'
import { toBackendFailure } from '../upstream/failure.ts'

/** What came of sending a line once. */
export type Sent =
  | {
      readonly is: 'answer'
      readonly status: number
      readonly requestId: string | null
      /** JSON text: a body that is none is a text in it. */
      readonly body: string
      readonly retryAfterMs: number
    }
  | {
      readonly is: 'none'
      readonly code: string
      readonly message: string
      /** There was no connection: the next line will fare alike. */
      readonly isOutage: boolean
    }

/** Where lines are sent. */
export interface Target {
  readonly url: URL
  readonly key: string | undefined
  readonly agents: Agents
  readonly runtime: Runtime
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** The longest answer that is taken. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024

/** Sends a body; never rejects. */
export async function sendLine(target: Target, body: string): Promise<Sent> {
  try {
    return await exchange(target, body)
  } catch (error) {
    if (error instanceof LateAnswer) return { is: 'none', code: 'timeout', message: error.message, isOutage: false }
    const failure = toBackendFailure(error)
    const isOutage = failure.isOutage && failure.reason !== 'timeout'
    return { is: 'none', code: failure.reason, message: failure.message, isOutage }
  }
}

class LateAnswer extends Error {}

function exchange({ url, key, agents, runtime, timeoutMs, signal }: Target, body: string): Promise<Sent> {
  const isMessages = url.pathname.endsWith('/messages')
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    accept: 'application/json',
    'accept-encoding': 'identity',
    ...keyHeaders(key, isMessages ? 'anthropic' : 'openai', url.href),
    ...(isMessages && { 'anthropic-version': '2023-06-01' }),
  }
  const send = url.protocol === 'https:' ? requestHttps : requestHttp
  return new Promise<Sent>((resolve, reject) => {
    const request = send(url, { method: 'POST', headers, agent: agents.pooled, signal })
    const late = new LateAnswer(`The backend has not answered within ${timeoutMs} ms.`)
    const callOff = runtime.after(timeoutMs, () => {
      reject(late)
      request.destroy(late)
    })
    request.on('error', reject).on('close', callOff)
    request.on('response', (answer) => {
      collect(answer, request).then(resolve, reject)
    })
    request.end(body)
  })
}

/** By events: to iterate over a body costs more than all else that is done with an answer. */
function collect(answer: IncomingMessage, request: ClientRequest): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const pieces: Uint8Array[] = []
    let bytes = 0
    answer.on('error', reject)
    const body = decodedBody(answer)
    if (body !== answer) body.on('error', reject)
    body.on('data', (piece: Uint8Array) => {
      bytes += piece.length
      pieces.push(piece)
      if (bytes <= MAX_ANSWER_BYTES) return
      reject(new Error(`The answer has more than ${MAX_ANSWER_BYTES} bytes.`))
      request.destroy()
    })
    body.on('end', () => {
      const {
        'x-request-id': first,
        'request-id': second,
        'retry-after': after,
        'retry-after-ms': afterMs,
      } = answer.headers
      const requestId = [first, second].find((id) => typeof id === 'string') as string | undefined
      resolve(
        toSent({
          status: answer.statusCode ?? 502,
          requestId: requestId ?? null,
          text: new TextDecoder().decode(pieces.length === 1 ? pieces[0] : joinBytes(pieces)),
          retryAfterMs: waitOf(after, afterMs),
        }),
      )
    })
  })
}

function toSent({
  status,
  requestId,
  text,
  retryAfterMs,
}: {
  status: number
  requestId: string | null
  text: string
  retryAfterMs: number
}): Sent {
  const isJson = isJsonText(text)
  if (!isJson && status >= 200 && status < 300)
    return {
      is: 'none',
      code: 'invalid_answer',
      message: `The backend answered ${status} with what is no JSON.`,
      isOutage: false,
    }
  return { is: 'answer', status, requestId, body: isJson ? text : JSON.stringify(text), retryAfterMs }
}

function isJsonText(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** How long a backend asks to be left alone: seconds or a date, or milliseconds in a header that some have. */
function waitOf(after: string | undefined, afterMs: string | string[] | undefined): number {
  const exact = Number(afterMs)
  if (typeof afterMs === 'string' && exact >= 0) return exact
  if (after === undefined || after.trim() === '') return 0
  const seconds = Number(after)
  const ms = Number.isNaN(seconds) ? Date.parse(after) - Date.now() : 1_000 * seconds
  return ms > 0 ? ms : 0
}
