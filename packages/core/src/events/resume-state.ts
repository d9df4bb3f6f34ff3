import type { Json } from './json.ts'
import type { StreamEvent, ToolCallEvent, ToolEvent } from './event.ts'
import { type ChoiceEvent, isOfChoice } from './event-kind.ts'

/** What is known of a tool call. */
export interface KnownTool {
  readonly id: string
  readonly name: string
  readonly extra?: Json | undefined
}

/** What is known of one choice: enough to go on encoding it in the middle. */
export interface ChoiceState {
  /** Tool calls in order of appearance, with what the provider said of them beyond our model. */
  tools: KnownTool[]
  /** Kind of the latest event: what a wire with blocks still has open. */
  latest: ChoiceEvent['type']
  /** Tool call the latest event belongs to. */
  latestTool: string | undefined
  finished: boolean
}

/** A stream's past, folded to what a stateful wire needs to continue. Grows with choices and tool calls, not tokens. */
export interface ResumeState {
  choices: Map<number, ChoiceState>
}

/** The resume state of a stream without events. */
export function createResumeState(): ResumeState {
  return { choices: new Map() }
}

/** Adds `event` to `state`. */
export function foldResumeState(state: ResumeState, event: StreamEvent): void {
  if (!isOfChoice(event)) return
  const index = event.choice ?? 0
  let choice = state.choices.get(index)
  if (!choice) {
    choice = { tools: [], latest: event.type, latestTool: undefined, finished: false }
    state.choices.set(index, choice)
  }
  choice.latest = event.type
  choice.latestTool = undefined
  switch (event.type) {
    case 'text':
    case 'reasoning':
    case 'refusal':
      break
    case 'tool':
      foldTool(choice, event)
      break
    case 'finish':
      choice.finished = true
      break
    default:
      event satisfies never
  }
}

function knownTool({ id, name, extra }: ToolCallEvent): KnownTool {
  return extra === undefined ? { id, name } : { id, name, extra }
}

function foldTool(choice: ChoiceState, event: ToolEvent): void {
  choice.latestTool = event.id
  switch (event.phase) {
    case 'call':
      choice.tools.push(knownTool(event))
      break
    case 'args':
    case 'result':
    case 'error':
      break
    default:
      event satisfies never
  }
}

/** A copy that can be folded further without touching `state`. */
export function copyResumeState(state: ResumeState): ResumeState {
  const choices = new Map<number, ChoiceState>()
  for (const [index, choice] of state.choices) choices.set(index, { ...choice, tools: [...choice.tools] })
  return { choices }
}
