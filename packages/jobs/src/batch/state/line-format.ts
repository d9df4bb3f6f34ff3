import { jsonLine } from '@sluice/core/extend'

import { isSuccess, openAiLine } from '../lines/output-line.ts'
import type { BatchDialect } from './batch-record.ts'
import type { FinishedLine } from './checkpoint.ts'

/** What became of one line. */
export interface LineOutcome {
  readonly line: number
  readonly customId: string
  /** How often the backend was asked for it; 0: never. */
  readonly attempts: number
  readonly result:
    | { readonly statusCode: number; readonly requestId: string | null; readonly body: string }
    | { readonly error: { readonly code: string; readonly message: string } }
}

/** Codes of lines that were not asked, or not to the end. */
export const CANCELLED_CODE = 'batch_cancelled'
export const EXPIRED_CODE = 'batch_expired'

const MESSAGES: Readonly<Record<'cancelled' | 'expired', { code: string; message: string }>> = {
  cancelled: { code: CANCELLED_CODE, message: 'The batch was cancelled before this request was answered.' },
  expired: { code: EXPIRED_CODE, message: 'The time of the batch was over before this request was answered.' },
}

/** What is said of a line that is not asked any more. */
export function unaskedLine(place: { line: number; customId: string }, why: 'cancelled' | 'expired'): LineOutcome {
  return { line: place.line, customId: place.customId, attempts: 0, result: { error: MESSAGES[why] } }
}

/** How an outcome counts. */
export function countedAs({ result, customId }: LineOutcome): FinishedLine['as'] {
  if ('error' in result) {
    if (result.error.code === CANCELLED_CODE) return 'cancelled'
    return result.error.code === EXPIRED_CODE ? 'expired' : 'failed'
  }
  return isSuccess({ customId, ...result }) ? 'succeeded' : 'failed'
}

/** How results are written, and read again. */
export interface LineFormat {
  /** One line, with the 0x0A that ends it. */
  write(outcome: LineOutcome): string
  /** Which line was finished by a line that was written here. */
  read(bytes: Uint8Array, part: 'output' | 'errors'): FinishedLine | undefined
}

/** The format of a batch's results. */
export function lineFormatOf(dialect: BatchDialect, batchId: string): LineFormat {
  return dialect === 'openai' ? openAiFormat(batchId) : anthropicFormat()
}

/** The id of a line has its number: it is found again without a list. */
function openAiFormat(batchId: string): LineFormat {
  const prefix = `batch_req_${batchId.slice(batchId.indexOf('_') + 1)}_`
  return {
    write({ line, customId, attempts, result }) {
      const text = openAiLine({ id: `${prefix}${line}`, customId, ...result })
      return attempts > 1 ? `${text.slice(0, -2)},"sluice":{"attempts":${attempts}}}\n` : text
    },
    read(bytes, part) {
      const { id, error } = parsed(bytes) as { id?: unknown; error?: { code?: unknown } | null }
      if (typeof id !== 'string' || !id.startsWith(prefix)) return undefined
      return { line: Number(id.slice(prefix.length)), as: part === 'output' ? 'succeeded' : failureOf(error?.code) }
    },
  }
}

/** The number stands beside Anthropic's own members, which have no place for it. */
function anthropicFormat(): LineFormat {
  return {
    write({ line, customId, attempts, result }) {
      const own = { line, ...(attempts > 1 && { attempts }) }
      return `{"custom_id":${jsonLine(customId)},"result":${anthropicResult(customId, result)},"sluice":${jsonLine(own)}}\n`
    },
    read(bytes, part) {
      const { sluice, result } = parsed(bytes) as { sluice?: { line?: unknown }; result?: { type?: unknown } }
      const line = sluice?.line
      if (typeof line !== 'number') return undefined
      if (part === 'output') return { line, as: 'succeeded' }
      return { line, as: result?.type === 'canceled' ? 'cancelled' : result?.type === 'expired' ? 'expired' : 'failed' }
    },
  }
}

function anthropicResult(customId: string, result: LineOutcome['result']): string {
  if ('error' in result) {
    const { code, message } = result.error
    if (code === CANCELLED_CODE) return '{"type":"canceled"}'
    if (code === EXPIRED_CODE) return '{"type":"expired"}'
    return `{"type":"errored","error":${jsonLine(anthropicError('api_error', message, null))}}`
  }
  const body = onOneLine(result.body)
  if (isSuccess({ customId, ...result })) return `{"type":"succeeded","message":${body}}`
  // What Anthropic's own API answers has the right shape already.
  if (/^\s*\{\s*"type"\s*:\s*"error"/.test(body)) return `{"type":"errored","error":${body}}`
  const message = `The backend answered with the status ${result.statusCode}.`
  return `{"type":"errored","error":${jsonLine(anthropicError('api_error', message, result.requestId))}}`
}

function anthropicError(type: string, message: string, requestId: string | null): object {
  return { type: 'error', error: { type, message }, request_id: requestId }
}

/** JSON has line ends between its tokens only; within texts they are escaped, but for these three. */
function onOneLine(json: string): string {
  return json
    .replace(/[\r\n]/g, ' ')
    .replace(/[\u0085\u2028\u2029]/g, (end) => `\\u${end.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function failureOf(code: unknown): FinishedLine['as'] {
  if (code === CANCELLED_CODE) return 'cancelled'
  return code === EXPIRED_CODE ? 'expired' : 'failed'
}

const DECODER = new TextDecoder()

function parsed(bytes: Uint8Array): unknown {
  try {
    return (JSON.parse(DECODER.decode(bytes)) as object | null) ?? {}
  } catch {
    return {}
  }
}
