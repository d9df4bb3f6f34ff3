import { SluiceError } from '../events/errors.ts'
import { LogSummary, type SummaryFacts } from './log-summary.ts'
import { copyResumeState, createResumeState, foldResumeState, type ResumeState } from '../events/resume-state.ts'
import { type Segment, toEvent } from './segment.ts'

/** All that is known of events that a log does not have any more, or never had: enough to go on where they stop. */
export interface LogHead extends SummaryFacts {
  resumeState: ResumeState
}

/** What is still known of the events that a log has trimmed, or that came before it. Most logs have none. */
export class TrimmedHead {
  readonly resumeState: ResumeState
  readonly summary: LogSummary

  constructor(head: Partial<LogHead> = {}) {
    this.resumeState = head.resumeState ? copyResumeState(head.resumeState) : createResumeState()
    this.summary = new LogSummary(head)
  }

  /** Of `segment`, the next one, what is from index `from` to `to` (exclusive) is trimmed. */
  add(segment: Segment, from: number, to: number): void {
    if (from >= to) return
    // A run of plain text changes a resume state no more than one piece of it.
    if (segment.plain) return foldResumeState(this.resumeState, { type: 'text', text: '' })
    segment.visitOutlines(from, to, (event) => {
      foldResumeState(this.resumeState, toEvent(event))
      if (typeof event !== 'string') this.summary.note(event)
      return true
    })
  }
}

/** Part of a stream's past is neither kept nor summed up: a wire that depends on it cannot go on. */
export function headUnknown(): SluiceError {
  return new SluiceError(
    'SLUICE_ERR_STORE',
    'What this stream said before the oldest event that is kept is not known, and its wire depends on it. Read it on the native wire, or from another start.',
  )
}
