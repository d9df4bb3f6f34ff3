import type { Usage } from '../events/event.ts'
import { LogSummary } from './log-summary.ts'
import { createOutline, foldOutline, type Outline } from '../events/resume-state.ts'
import { type Segment, toEvent } from './segment.ts'

/** What is still known of the events that a log has trimmed, or that came before it. Most logs have none. */
export class TrimmedHead {
  readonly outline: Outline = createOutline()
  readonly summary: LogSummary

  constructor(usage?: Usage) {
    this.summary = new LogSummary(usage)
  }

  /** `segment`, the next one, is trimmed. */
  add(segment: Segment): void {
    // A run of plain text changes an outline no more than one piece of it.
    if (segment.plain) return foldOutline(this.outline, { type: 'text', text: '' })
    segment.visit(0, segment.count, (event) => {
      foldOutline(this.outline, toEvent(event))
      if (typeof event !== 'string') this.summary.note(event)
      return true
    })
  }
}
