import type { FinishReason, StreamEvent } from '@sluice/core'

/** What is read of a chunk of OpenAI's. */
export interface Chunk {
  choices?: Choice[]
  usage?: { prompt_tokens?: number; completion_tokens?: number; total_tokens?: number } | null
  error?: unknown
}

/** One choice's part of a chunk. */
export interface Choice {
  index?: number
  delta?: Delta
  finish_reason?: string | null
}

interface Delta {
  content?: string | null
  reasoning?: string | null
  reasoning_content?: string | null
  refusal?: string | null
  tool_calls?: { index?: number; id?: string; function?: { name?: string; arguments?: string } }[]
}

/** The events that a choice's part tells. `tools`: ids of the calls that have begun, by their place. */
export function eventsOfChoice({ index, delta = {} }: Choice, tools: Map<string, string>): StreamEvent[] {
  const choice = index || undefined
  const events: StreamEvent[] = []
  const { content, refusal, tool_calls: calls = [] } = delta
  for (const as of ['reasoning', 'reasoning_content'] as const) {
    const text = delta[as]
    if (text) events.push({ type: 'reasoning', text, as, choice })
  }
  if (content) events.push({ type: 'text', text: content, choice })
  if (refusal) events.push({ type: 'refusal', text: refusal, choice })
  for (const { index: place = 0, id, function: called } of calls) {
    const at = `${index ?? 0}.${place}`
    if (id !== undefined && tools.get(at) !== id) {
      tools.set(at, id)
      events.push({ type: 'tool', phase: 'call', id, name: called?.name ?? '', choice })
    }
    const known = tools.get(at)
    if (known !== undefined && called?.arguments) {
      events.push({ type: 'tool', phase: 'args', id: known, text: called.arguments, choice })
    }
  }
  return events
}

/** Token counts, in sluice's words. */
export function eventsOfUsage(usage: Chunk['usage']): StreamEvent[] {
  if (!usage) return []
  const { prompt_tokens: inputTokens, completion_tokens: outputTokens, total_tokens: totalTokens } = usage
  return [{ type: 'usage', usage: { inputTokens, outputTokens, totalTokens } }]
}

const REASONS: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'content_filter',
}

/** Why a choice is finished, once it is. */
export function finishOf({ finish_reason: reason }: Choice): FinishReason | undefined {
  return reason ? (REASONS[reason] ?? 'stop') : undefined
}
