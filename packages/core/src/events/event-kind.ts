import type {
  DataEvent,
  EndCause,
  EndEvent,
  EndReason,
  FinishReason,
  SourceEvent,
  StreamEvent,
  TextualEvent,
  ToolEvent,
  UsageEvent,
} from './event.ts'

// `satisfies never` stands where every type has been decided on: a type that is added does not compile before it is, too.
// What comes there at run time is of a newer version, and is passed over. The store on Redis refuses to read it at all.

/** Events that are said of the answer as a whole. */
export type AnswerEvent = DataEvent | UsageEvent | EndEvent

/** Events that are part of one choice. */
export type ChoiceEvent = Exclude<StreamEvent, AnswerEvent>

/** A piece of the text of choice 0 and nothing else: what nearly all events of an answer are. */
export interface PlainTextEvent {
  type: 'text'
  text: string
  choice?: 0 | undefined
  extra?: undefined
}

/** For each type, in the order in which types are listed, whether its events are part of a choice. */
const OF_CHOICE: {
  readonly [Type in StreamEvent['type']]: Extract<StreamEvent, { type: Type }> extends ChoiceEvent ? true : false
} = {
  text: true,
  reasoning: true,
  refusal: true,
  tool: true,
  data: false,
  usage: false,
  finish: true,
  end: false,
}

const PHASES: Readonly<Record<ToolEvent['phase'], true>> = { call: true, args: true, result: true, error: true }

const REASONS: Readonly<Record<FinishReason, true>> = {
  stop: true,
  length: true,
  tool_calls: true,
  content_filter: true,
}

const ENDS: Readonly<Record<EndReason, true>> = { ...REASONS, cancelled: true, error: true, interrupted: true }

const CAUSES: Readonly<Record<EndCause, true>> = {
  client: true,
  replaced: true,
  disconnect: true,
  deadline: true,
  drain: true,
  source: true,
  lease: true,
  storage: true,
}

/** Types of event that a source may yield. */
export const SOURCE_EVENT_TYPES: readonly SourceEvent['type'][] = namesOf(OF_CHOICE).filter((type) => type !== 'end')

/** Phases of a tool call. */
export const TOOL_PHASES: readonly ToolEvent['phase'][] = namesOf(PHASES)

/** Reasons with which a choice may finish. */
export const FINISH_REASONS: readonly FinishReason[] = namesOf(REASONS)

/** Reasons for which a stream may end. */
export const END_REASONS: readonly EndReason[] = namesOf(ENDS)

/** Who or what may cut a stream short. */
export const END_CAUSES: readonly EndCause[] = namesOf(CAUSES)

/**
 * Whether `event` is part of one choice, its `choice` or else the first, and not said of the answer as a whole.
 *
 * @example
 * ```ts
 * isOfChoice({ type: 'finish', reason: 'stop' }) // true
 * isOfChoice({ type: 'usage', usage: { outputTokens: 3 } }) // false
 * ```
 */
export function isOfChoice(event: StreamEvent): event is ChoiceEvent {
  return OF_CHOICE[event.type] === true
}

/** Whether `event` is a piece of the text of choice 0 and nothing else. */
export function isPlainText(event: StreamEvent): event is PlainTextEvent {
  return event.type === 'text' && !event.choice && event.extra === undefined
}

/** Whether `event` carries a piece of text that neighbours may be merged with. */
export function isTextual(event: StreamEvent): event is TextualEvent {
  switch (event.type) {
    case 'text':
    case 'reasoning':
    case 'refusal':
      return true
    case 'tool':
      return isTextualPhase(event)
    case 'data':
    case 'usage':
    case 'finish':
    case 'end':
      return false
    default:
      event satisfies never
      return false
  }
}

/**
 * Whose text a piece is, beside its type: that of a tool call, of a kind of reasoning, or nothing. Pieces of one do not
 * continue another's.
 */
export function strandOf(event: TextualEvent): string {
  switch (event.type) {
    case 'text':
    case 'refusal':
      return ''
    case 'reasoning':
      return event.as ?? ''
    case 'tool':
      return event.id
    default:
      event satisfies never
      return ''
  }
}

function isTextualPhase(event: ToolEvent): boolean {
  switch (event.phase) {
    case 'args':
      return true
    case 'call':
    case 'result':
    case 'error':
      return false
    default:
      event satisfies never
      return false
  }
}

function namesOf<Name extends string>(table: Readonly<Record<Name, boolean>>): Name[] {
  return Object.keys(table) as Name[]
}
