import type { Json } from '@sluice/core'
import { readJson } from '@sluice/core/extend'

/** A line of an output or error file, whoever wrote it. */
export interface OutputLine {
  readonly customId: string
  /** Whether the request was done: an answer with a status of 2xx, and no error beside it. */
  readonly ok: boolean
  /** Absent where there was no HTTP answer. */
  readonly statusCode?: number | undefined
  readonly requestId?: string | undefined
  /** What was answered; in OpenAI's form also where that is an error. */
  readonly body?: Json | undefined
  readonly error?: { readonly code?: string | undefined; readonly message: string } | undefined
}

/**
 * Reads a line of an output file in OpenAI's form, or in that of vLLM's `run-batch`: there `error` may be a text, or an error as a
 * body has it. `undefined` for bytes that are no such line: a line that was torn is none.
 *
 * @example
 * ```ts
 * readOutputLine(new TextEncoder().encode('{"custom_id":"a","response":null,"error":"no such model"}'))
 * // { customId: 'a', ok: false, error: { message: 'no such model' } }
 * ```
 */
export function readOutputLine(bytes: Uint8Array): OutputLine | undefined {
  const line = parse(bytes)
  if (!isObject(line) || typeof line.custom_id !== 'string' || line.custom_id === '') return undefined
  const response = isObject(line.response) ? line.response : undefined
  const error = errorOf(line.error)
  if (response === undefined && error === undefined) return undefined
  const { status_code: status, request_id: requestId, body } = response ?? {}
  const statusCode = typeof status === 'number' ? status : undefined
  return {
    customId: line.custom_id,
    ok: error === undefined && statusCode !== undefined && statusCode >= 200 && statusCode < 300,
    ...(statusCode !== undefined && { statusCode }),
    ...(typeof requestId === 'string' && { requestId }),
    ...(body !== undefined && body !== null && { body: body as Json }),
    ...(error && { error }),
  }
}

/** The innermost thing with a message: `{ error: { message } }`, `{ message }`, or a text. */
function errorOf(error: unknown): OutputLine['error'] {
  if (error === undefined || error === null) return undefined
  if (typeof error === 'string') return { message: error }
  if (!isObject(error)) return { message: JSON.stringify(error) }
  const inner = isObject(error.error) ? error.error : error
  const { code, type, message } = inner
  const word = [code, type].find((one) => typeof one === 'string' || typeof one === 'number')
  return {
    ...(word !== undefined && { code: String(word) }),
    message:
      typeof message === 'string' ? message : typeof error.error === 'string' ? error.error : JSON.stringify(error),
  }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return readJson(bytes, { subject: 'The line' }).value
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
