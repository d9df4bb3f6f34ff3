import type { StreamEvent } from './event.ts'

/** What is known of one choice: enough to go on encoding it in the middle. */
export interface ChoiceState {
  /** Tool calls in order of appearance. */
  tools: { id: string; name: string }[]
  /** Kind of the latest event: what a wire with blocks still has open. */
  latest: StreamEvent['type']
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
  if (event.type === 'end' || event.type === 'usage' || event.type === 'data') return
  const index = event.choice ?? 0
  let choice = state.choices.get(index)
  if (!choice) {
    choice = { tools: [], latest: event.type, latestTool: undefined, finished: false }
    state.choices.set(index, choice)
  }
  choice.latest = event.type
  choice.latestTool = event.type === 'tool' ? event.id : undefined
  if (event.type === 'tool' && event.phase === 'call') choice.tools.push({ id: event.id, name: event.name })
  if (event.type === 'finish') choice.finished = true
}

/** A copy that can be folded further without touching `state`. */
export function copyResumeState(state: ResumeState): ResumeState {
  const choices = new Map<number, ChoiceState>()
  for (const [index, choice] of state.choices) choices.set(index, { ...choice, tools: [...choice.tools] })
  return { choices }
}
