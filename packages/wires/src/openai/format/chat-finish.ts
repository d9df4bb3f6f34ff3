import type { EndEvent, FinishReason } from '@sluice/core'

/** Words that OpenAI-compatible backends use for our four reasons. Any other word is a `stop`. */
const REASON_OF_WORD: ReadonlyMap<string, FinishReason> = new Map([
  ['stop', 'stop'],
  ['length', 'length'],
  ['max_tokens', 'length'],
  ['model_length', 'length'],
  ['insufficient_system_resource', 'length'],
  ['tool_calls', 'tool_calls'],
  ['tool_use', 'tool_calls'],
  ['function_call', 'tool_calls'],
  ['content_filter', 'content_filter'],
  ['safety', 'content_filter'],
  ['sensitive', 'content_filter'],
  ['recitation', 'content_filter'],
])

/** Words that mean the backend gave up: an answer that carries one is cut, not finished. */
const FAILURES: ReadonlySet<string> = new Set(['error', 'abort', 'aborted', 'cancelled', 'network_error'])

/** The reason that a backend's `finish_reason` stands for; `undefined` when it says that the answer failed. */
export function toFinishReason(word: string): FinishReason | undefined {
  const lower = word.toLowerCase()
  return FAILURES.has(lower) ? undefined : (REASON_OF_WORD.get(lower) ?? 'stop')
}

/** The reason an answer finished with, or `undefined` when it was cut. */
export function finishReasonOf(end: EndEvent): FinishReason | undefined {
  if (!end.complete) return undefined
  const { reason } = end
  return reason === 'cancelled' || reason === 'error' || reason === 'interrupted' ? undefined : reason
}
