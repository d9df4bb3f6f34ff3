import type { FinishReason, StreamEvent, Usage } from '../events/event.ts'
import { isTextual } from '../events/event-kind.ts'

/** What events say of the answer as a whole. */
export interface SummaryFacts {
  /** Events that are no piece of text. */
  otherEvents: number
  /** The latest token counts the source gave. */
  usage?: Usage | undefined
  /** Why choice 0 finished, if the source said so. */
  finishReason?: FinishReason | undefined
}

/** What a log's events say of the answer as a whole. */
export class LogSummary implements SummaryFacts {
  otherEvents: number
  usage: Usage | undefined
  finishReason: FinishReason | undefined

  constructor({ otherEvents = 0, usage, finishReason }: Partial<SummaryFacts> = {}) {
    this.otherEvents = otherEvents
    this.usage = usage
    this.finishReason = finishReason
  }

  /** One more event of the answer. */
  note(event: StreamEvent): void {
    if (!isTextual(event)) this.otherEvents++
    this.#remember(event)
  }

  /** Without the events `gone` it is what the trimmed `head` said, and then the events `left`. */
  takeBack(gone: readonly StreamEvent[], head: LogSummary | undefined, left: readonly StreamEvent[]): void {
    this.otherEvents -= gone.filter((event) => !isTextual(event)).length
    this.usage = head?.usage
    this.finishReason = head?.finishReason
    for (const event of left) this.#remember(event)
  }

  #remember(event: StreamEvent): void {
    switch (event.type) {
      case 'usage':
        this.usage = event.usage
        break
      case 'finish':
        if (!event.choice) this.finishReason = event.reason
        break
      case 'text':
      case 'reasoning':
      case 'refusal':
      case 'tool':
      case 'data':
      case 'end':
        break
      default:
        event satisfies never
    }
  }
}
