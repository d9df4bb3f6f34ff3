import type { EndEvent, FinishReason } from '@sluice/core'

const REASON_OF_WORD: ReadonlyMap<string, FinishReason> = new Map([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['pause_turn', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool_calls'],
  ['refusal', 'content_filter'],
])

const WORDS: Readonly<Record<FinishReason, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  content_filter: 'refusal',
}

/** The reason that a `stop_reason` stands for; any that is not known is a `stop`. */
export function toFinishReason(word: string): FinishReason {
  return REASON_OF_WORD.get(word) ?? 'stop'
}

/** The usual word for a reason. */
export function stopWordOf(reason: FinishReason): string {
  return WORDS[reason]
}

/** The reason an answer finished with, or `undefined` where it was cut. */
export function reasonOfEnd({ complete, reason }: EndEvent): FinishReason | undefined {
  if (!complete || reason === 'cancelled' || reason === 'error' || reason === 'interrupted') return undefined
  return reason
}
