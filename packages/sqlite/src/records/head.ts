import type { FinishReason, Usage } from '@sluice/core'
import {
  type ChoiceState,
  copyResumeState,
  createResumeState,
  foldResumeState,
  type Logged,
  type LogHead,
  LogSummary,
  toEvent,
} from '@sluice/core/extend'

import { fromJson, toJson } from './stored-json.ts'

/** What is known of the events before the oldest segment of a stream. */
export interface Head extends LogHead {
  /** Epoch of the last of them. */
  epoch: number
  /** The first event that is not one of them. */
  nextSeq: number
}

interface StoredHead {
  readonly choices: readonly (readonly [index: number, state: ChoiceState])[]
  readonly otherEvents: number
  readonly usage?: Usage | undefined
  readonly finishReason?: FinishReason | undefined
  readonly epoch: number
  readonly nextSeq: number
}

/** Events that are about to be gone, summed up with those before them. */
export function foldHead(
  before: Head | undefined,
  {
    epoch,
    firstSeq,
    events,
  }: { readonly epoch: number; readonly firstSeq: number; readonly events: readonly Logged[] },
): Head {
  const resumeState = before ? copyResumeState(before.resumeState) : createResumeState()
  const summary = new LogSummary(before ?? {})
  for (const event of events) {
    foldResumeState(resumeState, toEvent(event))
    if (typeof event !== 'string') summary.note(event)
  }
  const { otherEvents, usage, finishReason } = summary
  return { resumeState, otherEvents, usage, finishReason, epoch, nextSeq: firstSeq + events.length }
}

export function headText({ resumeState, otherEvents, usage, finishReason, epoch, nextSeq }: Head): string {
  const choices = [...resumeState.choices]
  return toJson({ choices, otherEvents, usage, finishReason, epoch, nextSeq } satisfies StoredHead)
}

/** @throws SluiceError `SLUICE_ERR_STORE` */
export function headOf(text: unknown): Head | undefined {
  if (text === null) return undefined
  const { choices, ...rest } = fromJson<StoredHead>(text, 'The head of a stream')
  // JSON knows no `undefined`.
  const states = choices.map(([index, state]) => [index, { ...state, latestTool: state.latestTool }] as const)
  return { ...rest, resumeState: { choices: new Map(states) } }
}
