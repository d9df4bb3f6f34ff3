import { type Json, SluiceError } from '@sluice/core'
import { isJsonObject, type JsonObject } from '../../format/chat-extra.ts'

const MAX_ERROR_BODY_BYTES = 64 * 1024
const MAX_RETRY_AFTER_MS = 24 * 60 * 60 * 1000

/** What a backend says in the middle of its stream, in any of the shapes in use, as an error of ours. */
export function toStreamError(body: JsonObject): SluiceError {
  const own = toErrorBody(body)
  const code = isJsonObject(own.error) ? own.error.code : undefined
  const status = typeof code === 'number' && isErrorStatus(code) ? code : 502
  return new SluiceError('SLUICE_ERR_BACKEND', 'The backend reported an error in the middle of its answer.', {
    status,
    extra: own,
  })
}

/** What an answer other than 2xx says, with its status, its wish for a retry and its own body. Reads the body. */
export async function toResponseError(response: Response): Promise<SluiceError> {
  const body = await readErrorBody(response)
  return new SluiceError('SLUICE_ERR_BACKEND', `The backend answered with status ${response.status}.`, {
    status: isErrorStatus(response.status) ? response.status : 502,
    retryAfterMs: retryAfterMs(response.headers),
    extra: body && toErrorBody(body),
  })
}

/** An error's own body in one shape, `{ error: { message, … } }`, whether it came nested, flat, or as mere text. */
function toErrorBody(body: JsonObject): { error: Json } {
  const { error } = body
  if (isJsonObject(error)) return { error }
  if (typeof error === 'string') return { error: { ...body, error: undefined, message: error } }
  const message = [body.message, body.detail, body.title].find((text) => typeof text === 'string')
  return { error: { ...body, message } }
}

async function readErrorBody(response: Response): Promise<JsonObject | undefined> {
  try {
    const body: unknown = JSON.parse(await readText(response, MAX_ERROR_BODY_BYTES))
    return isJsonObject(body) ? body : undefined
  } catch {
    // The status says enough: a body that is cut, too long or not JSON is no reason for another error.
    return undefined
  }
}

/** The text of `response`; throws over `maxBytes`. */
export async function readText(response: Response, maxBytes: number): Promise<string> {
  const reader = response.body?.getReader()
  if (!reader) return ''
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    bytes += next.value.byteLength
    if (bytes > maxBytes) {
      reader.cancel().catch(() => {})
      throw new SluiceError('SLUICE_ERR_BACKEND', `The backend's answer is longer than ${maxBytes} bytes.`)
    }
    text += decoder.decode(next.value, { stream: true })
  }
  return text + decoder.decode()
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

function isErrorStatus(status: number): boolean {
  return Number.isInteger(status) && status >= 400 && status < 600
}
