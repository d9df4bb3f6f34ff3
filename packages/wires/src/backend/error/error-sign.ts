import type { Json } from '@sluice/core'
import { isJsonObject, type JsonObject } from '../../json/json-object.ts'

/** Members that hold a backend's words where a chunk holds nothing of an answer. */
const WORDS = ['message', 'msg', 'detail', 'error_message', 'error_msg', 'errors']

/** Whether a chunk, or a whole body, says that the answer failed, by whichever sign. */
export function reportsFailure(event: string, body: JsonObject): boolean {
  if (event === 'error' || body.object === 'error' || body.type === 'error' || saysError(body.error)) return true
  // Some backends answer a failure with status 200 and an error format of their own.
  if (Array.isArray(body.choices) || isJsonObject(body.usage)) return false
  if (typeof body.object === 'string' && body.object.startsWith('chat.completion')) return false
  return WORDS.some((name) => !isJsonObject(body[name]) && typeof body[name] !== 'number' && saysError(body[name]))
}

/** Whether an `error` member says anything: some backends have it in every chunk, empty. */
export function saysError(error: Json | undefined): boolean {
  if (error === undefined || error === null || error === false || error === 0 || error === '') return false
  if (typeof error !== 'object') return true
  const members = Array.isArray(error) ? (error as readonly Json[]) : Object.values(error as JsonObject)
  return members.some((member) => saysError(member))
}
