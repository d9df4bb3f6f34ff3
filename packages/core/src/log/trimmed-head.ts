import type { Usage } from '../events/event.ts'
import { LogSummary } from './log-summary.ts'
import { createResumeState, foldResumeState, type ResumeState } from '../events/resume-state.ts'
import { type Segment, toEvent } from './segment.ts'

/** What is still known of the events that a log has trimmed, or that came before it. Most logs have none. */
export class TrimmedHead {
  readonly resumeState: ResumeState = createResumeState()
  readonly summary: LogSummary

  constructor(usage?: Usage) {
    this.summary = new LogSummary(usage)
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
