import type { EndEvent, FinishReason, StreamEvent, Usage } from '@sluice/core'
import { isOfChoice } from '@sluice/core/extend'
import { AnswerBlocks, type Block, type BlockStep } from '../../blocks/answer-blocks.ts'
import type { JsonObject } from '../../json/json-object.ts'
import { type AnthropicExtra, anthropicExtraOf } from '../format/anthropic-extra.ts'
import { toAnthropicUsage } from '../format/anthropic-usage.ts'
import type { MessageFacts } from '../format/message-facts.ts'
import { reasonOfEnd, stopWordOf } from '../format/stop-reason.ts'
import { wholeBlock } from './content-blocks.ts'

/** What an event means to a message. */
export interface MessageStep {
  /** True where the message begins with it. */
  readonly starts: boolean
  readonly blocks: BlockStep | undefined
  /** The event's own part of this wire. */
  readonly extra: AnthropicExtra | undefined
}

/** One answer as a message: its content blocks, and what is said of it as a whole. */
export class MessageAnswer {
  /** True once the message has begun: with the first event that says more than token counts. */
  started = false
  readonly blocks: AnswerBlocks = new AnswerBlocks({
    extraOf: anthropicExtraOf,
    begins: (extra) => extra.block !== undefined,
    parts: () => false,
  })
  readonly #facts: MessageFacts
  readonly #streamId: string
  /** What a backend said of its own message. */
  #members: JsonObject = {}
  #delta: JsonObject = {}
  #usage: Usage = {}
  #reason: FinishReason | undefined

  constructor(facts: MessageFacts, streamId: string) {
    this.#facts = facts
    this.#streamId = streamId
  }

  /** Adds an event of the stream, in its order. */
  take(event: StreamEvent): MessageStep {
    const step = this.#take(event)
    const { started } = this
    const says = step.blocks?.block !== undefined || step.extra?.message !== undefined
    this.started ||= says || event.type === 'end'
    return { ...step, starts: !started && this.started }
  }

  /** The message as it began, with blocks that were there before its reader came. */
  begun(content: readonly Block[]): JsonObject {
    return this.#message(content.map(wholeBlock), { ...UNENDED, ...this.#members })
  }

  /** The message with all that was said. */
  whole(): JsonObject {
    return this.#message(this.blocks.all.map(wholeBlock), { ...this.#members, ...this.end })
  }

  /** How the message ended: what `message_delta` says. */
  get end(): JsonObject {
    return { ...UNENDED, stop_reason: this.#reason === undefined ? null : this.#stopWord(this.#reason), ...this.#delta }
  }

  /** Token counts so far, cumulative. */
  get usage(): JsonObject {
    return toAnthropicUsage(this.#usage)
  }

  #take(event: StreamEvent): Omit<MessageStep, 'starts'> {
    if (isOfChoice(event)) {
      const extra = event.choice ? undefined : anthropicExtraOf(event.extra)
      if (extra?.delta) this.#delta = extra.delta
      return { blocks: this.blocks.take(event), extra }
    }
    switch (event.type) {
      case 'usage':
        this.#usage = event.usage
        return NOTHING
      case 'end':
        this.#end(event)
        return NOTHING
      case 'data': {
        const extra = anthropicExtraOf(event.extra)
        if (extra?.message) this.#members = { ...this.#members, ...extra.message }
        if (extra?.piece && this.blocks.open?.kind === 'other') this.blocks.note(extra)
        return { blocks: extra?.added ? this.blocks.beginOther(extra) : undefined, extra }
      }
      default:
        event satisfies never
        return NOTHING
    }
  }

  #end(end: EndEvent): void {
    this.#usage = end.usage ?? this.#usage
    this.#reason = reasonOfEnd(end)
  }

  /** Some backends that call a tool say that they have simply stopped; clients of this wire go by the word. */
  #stopWord(reason: FinishReason): string {
    return stopWordOf(reason === 'stop' && this.blocks.all.at(-1)?.kind === 'tool' ? 'tool_calls' : reason)
  }

  #message(content: JsonObject[], members: JsonObject): JsonObject {
    const { model } = this.#facts
    const own = {
      id: `msg_${this.#streamId}`,
      type: 'message',
      role: 'assistant',
      model: typeof members.model === 'string' ? members.model : model,
      content,
    }
    return { ...own, ...members, ...own, usage: this.usage }
  }
}

const UNENDED: JsonObject = { stop_reason: null, stop_sequence: null, stop_details: null, container: null }
const NOTHING = { blocks: undefined, extra: undefined } as const
