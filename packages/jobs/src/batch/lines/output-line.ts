import { randomUUID } from 'node:crypto'

import { jsonLine } from '@sluice/core/extend'

/** What became of a request: an HTTP answer, whatever its status, or none. */
export type LineResult = AnsweredLine | UnansweredLine

/** A request that got an HTTP answer. */
export interface AnsweredLine {
  readonly customId: string
  /**
   * The id of the line itself.
   * @defaultValue a new one: {@link newLineId}
   */
  readonly id?: string | undefined
  readonly statusCode: number
  /** As the backend named the request; `null` where it did not. */
  readonly requestId: string | null
  /** JSON text, which is taken over digit for digit; it is not checked. */
  readonly body: string
}

/** A request that never got one. */
export interface UnansweredLine {
  readonly customId: string
  /** As that of {@link AnsweredLine}. */
  readonly id?: string | undefined
  /** Why: `batch_expired`, say. */
  readonly error: { readonly code: string; readonly message: string }
}

/** An id for a line of an output file: `batch_req_` and 32 hex digits. */
export function newLineId(): string {
  return `batch_req_${randomUUID().replaceAll('-', '')}`
}

/** Whether the request got an answer that says that it was done. */
export function isSuccess(result: LineResult): boolean {
  return 'statusCode' in result && result.statusCode >= 200 && result.statusCode < 300
}

/**
 * A line of an output or error file in OpenAI's form, with the 0x0A that ends it. An answer stands in `response` whatever its status;
 * `error` is for a request that never got one.
 *
 * @example
 * ```ts
 * openAiLine({ customId: 'a', statusCode: 200, requestId: 'req_1', body: '{"choices":[]}' })
 * // {"id":"batch_req_…","custom_id":"a","response":{"status_code":200,"request_id":"req_1","body":{"choices":[]}},"error":null}
 * ```
 */
export function openAiLine(result: LineResult): string {
  const { customId, id = newLineId() } = result
  if ('error' in result) return lineOf(id, customId, 'null', jsonLine(result.error))
  return lineOf(id, customId, responseOf(result, onOneLine(result.body)), 'null')
}

/**
 * The same in the form of vLLM's `run-batch`, where an answer that is no success has no body: what the backend said is the `error`. A
 * request that got no answer has the status 502 there, since that form wants one.
 *
 * @example
 * ```ts
 * vllmLine({ customId: 'a', statusCode: 400, requestId: null, body: '{"error":{"message":"too long"}}' })
 * // {"id":"vllm-…","custom_id":"a","response":{"status_code":400,"request_id":"…","body":null},"error":{"error":{"message":"too long"}}}
 * ```
 */
export function vllmLine(result: LineResult): string {
  const { customId, id = `vllm-${randomUUID().replaceAll('-', '')}` } = result
  if ('error' in result) {
    const response = responseOf({ statusCode: 502, requestId: id }, 'null')
    return lineOf(id, customId, response, jsonLine(result.error))
  }
  const { statusCode, requestId, body } = result
  const text = onOneLine(body)
  // Its request ids are texts.
  const answer = { statusCode, requestId: requestId ?? id }
  return isSuccess(result)
    ? lineOf(id, customId, responseOf(answer, text), 'null')
    : lineOf(id, customId, responseOf(answer, 'null'), text)
}

function lineOf(id: string, customId: string, response: string, error: string): string {
  return `{"id":${jsonLine(id)},"custom_id":${jsonLine(customId)},"response":${response},"error":${error}}\n`
}

function responseOf({ statusCode, requestId }: Pick<AnsweredLine, 'statusCode' | 'requestId'>, body: string): string {
  return `{"status_code":${statusCode},"request_id":${jsonLine(requestId)},"body":${body}}`
}

/** Where some reader ends a line. JSON has the first two between its tokens only, the others within strings only. */
const LINE_ENDS = /[\r\n\u0085\u2028\u2029]/
const EVERY_LINE_END = new RegExp(LINE_ENDS, 'g')

function onOneLine(json: string): string {
  if (!LINE_ENDS.test(json)) return json
  return json.replace(EVERY_LINE_END, (end) =>
    end < ' ' ? ' ' : `\\u${end.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
