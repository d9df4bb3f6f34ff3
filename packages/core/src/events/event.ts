import type { Json } from './json.ts'

/** Why a choice, or the whole answer, finished. Providers' other reasons travel in `extra`. */
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter'

/** Tokens used. Field names are ours; `extra` holds what else a provider counted, in its own shape. */
export interface Usage {
  inputTokens?: number | undefined
  outputTokens?: number | undefined
  totalTokens?: number | undefined
  /** True when sluice counted `outputTokens` itself, because the stream was cut before the source could tell. */
  estimated?: boolean | undefined
  extra?: Json | undefined
}

interface EventOptions {
  /** Index of the answer among several alternatives. Default 0. */
  choice?: number | undefined
  /** What the provider sent beyond our model; passed through opaquely. An event with `extra` is never merged. */
  extra?: Json | undefined
}

/** A piece of the answer's text. */
export interface TextEvent extends EventOptions {
  type: 'text'
  text: string
}
/** A piece of the model's reasoning. */
export interface ReasoningEvent extends EventOptions {
  type: 'reasoning'
  text: string
  /**
   * What the provider calls it, where its wire has several names for reasoning (`reasoning`, `reasoning_content`), with a
   * space between two that say the same. Only pieces of one name are merged.
   */
  as?: string | undefined
}
/** A piece of a refusal. */
export interface RefusalEvent extends EventOptions {
  type: 'refusal'
  text: string
}
/** A tool call begins: its arguments follow as `args`. */
export interface ToolCallEvent extends EventOptions {
  type: 'tool'
  phase: 'call'
  id: string
  name: string
}
/** A piece of the arguments (JSON text) of the tool call `id`. */
export interface ToolArgsEvent extends EventOptions {
  type: 'tool'
  phase: 'args'
  id: string
  text: string
}
/** What a tool returned. */
export interface ToolResultEvent extends EventOptions {
  type: 'tool'
  phase: 'result'
  id: string
  result: Json
}
/** A tool failed; `message` is shown to readers. */
export interface ToolErrorEvent extends EventOptions {
  type: 'tool'
  phase: 'error'
  id: string
  message: string
}
/** Something about tools. */
export type ToolEvent = ToolCallEvent | ToolArgsEvent | ToolResultEvent | ToolErrorEvent

/** Names of an application's own events and the JSON each carries; the type parameter of `createSluice`. */
export type DataEvents = Record<string, unknown>

/** A named event of the application: progress, sources, anything. */
export type DataEvent<Data extends DataEvents = DataEvents> = {
  [Name in keyof Data & string]: EventOptions & { type: 'data'; name: Name; data: Data[Name] }
}[keyof Data & string]

/** Token counts. A later one replaces an earlier one. */
export interface UsageEvent extends EventOptions {
  type: 'usage'
  usage: Usage
}
/** One choice is finished. With a single choice, `end` alone says it all. */
export interface FinishEvent extends EventOptions {
  type: 'finish'
  reason: FinishReason
}

/** Why a stream ended. */
export type EndReason = FinishReason | 'cancelled' | 'error' | 'interrupted'
/** Who or what cut a stream short. */
export type EndCause = 'client' | 'replaced' | 'disconnect' | 'deadline' | 'drain' | 'source' | 'lease' | 'storage'

/** What a reader is told of an error: a stable code and text that is safe to show. */
export interface WireError {
  code: string
  message: string
  retryable?: boolean | undefined
  /** HTTP status that says the same. */
  status?: number | undefined
  retryAfterMs?: number | undefined
  /** What a provider's own error body held; only wires of that provider show it. */
  extra?: Json | undefined
}

/** The one terminal event of every stream. */
export interface EndEvent {
  type: 'end'
  reason: EndReason
  /** True when the source finished by itself; false whenever the stream was cut. */
  complete: boolean
  cause?: EndCause | undefined
  usage?: Usage | undefined
  error?: WireError | undefined
}

/** What a source may yield as an event of its own. `end` is written by sluice alone. */
export type SourceEvent<Data extends DataEvents = DataEvents> =
  | TextEvent
  | ReasoningEvent
  | RefusalEvent
  | ToolEvent
  | DataEvent<Data>
  | UsageEvent
  | FinishEvent

/** What is logged: every event has a seq of its own. */
export type StreamEvent<Data extends DataEvents = DataEvents> = SourceEvent<Data> | EndEvent

/** Events whose payload is a piece of text that a neighbour may continue. */
export type TextualEvent = TextEvent | ReasoningEvent | RefusalEvent | ToolArgsEvent
