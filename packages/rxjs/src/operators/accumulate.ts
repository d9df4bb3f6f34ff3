import type { EndEvent, StreamEvent, Usage } from '@sluice/core'
import { type Observable, scan } from 'rxjs'

/** A tool call as it is known so far. */
export interface AnswerToolCall {
  readonly id: string
  readonly name: string
  /** JSON text, which is whole once the next call or the end has come. */
  readonly args: string
}

/** What one choice of an answer has said so far. */
export interface Answer {
  readonly text: string
  readonly reasoning: string
  readonly refusal: string
  readonly toolCalls: readonly AnswerToolCall[]
  readonly usage?: Usage | undefined
  readonly end?: EndEvent | undefined
}

const NOTHING: Answer = { text: '', reasoning: '', refusal: '', toolCalls: [] }

/**
 * What choice `choice` has said so far, after each event of it.
 *
 * @example
 * ```ts
 * toObservable(stream).pipe(accumulate()).subscribe(({ text }) => show(text))
 * ```
 */
export function accumulate(choice = 0): (events: Observable<StreamEvent>) => Observable<Answer> {
  return (events) => events.pipe(scan((answer, event) => add(answer, event, choice), NOTHING))
}

function add(answer: Answer, event: StreamEvent, choice: number): Answer {
  if (event.type !== 'end' && event.type !== 'usage' && (event.choice ?? 0) !== choice) return answer
  switch (event.type) {
    case 'text':
    case 'reasoning':
    case 'refusal':
      return { ...answer, [event.type]: answer[event.type] + event.text }
    case 'tool':
      return { ...answer, toolCalls: addTool(answer.toolCalls, event) }
    case 'usage':
      return { ...answer, usage: event.usage }
    case 'end':
      return { ...answer, usage: event.usage ?? answer.usage, end: event }
    case 'data':
    case 'finish':
      return answer
    default:
      event satisfies never
      return answer
  }
}

function addTool(
  calls: readonly AnswerToolCall[],
  event: Extract<StreamEvent, { type: 'tool' }>,
): readonly AnswerToolCall[] {
  switch (event.phase) {
    case 'call':
      return [...calls, { id: event.id, name: event.name, args: '' }]
    case 'args':
      return calls.map((call) => (call.id === event.id ? { ...call, args: call.args + event.text } : call))
    case 'result':
    case 'error':
      return calls
    default:
      event satisfies never
      return calls
  }
}
