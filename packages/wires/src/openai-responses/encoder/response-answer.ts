import type { EndEvent, Json, StreamEvent, Usage } from '@sluice/core'
import { isOfChoice } from '@sluice/core/extend'
import { AnswerBlocks, type Block, type BlockStep } from '../../blocks/answer-blocks.ts'
import { isJsonObject, type JsonObject } from '../../json/json-object.ts'
import { toCutError, toOpenAiError } from '../../openai/format/errors.ts'
import { type ResponsesExtra, responsesExtraOf } from '../format/responses-extra.ts'
import { repeatedOf, type ResponsesFacts } from '../format/responses-facts.ts'
import { toResponsesUsage } from '../format/responses-usage.ts'
import { type ItemStatus, wholeItem } from './response-items.ts'

/** What an event means to a response, beside what it does to its blocks. */
export interface ResponseStep {
  readonly blocks: BlockStep | undefined
  /** The event's own part of this wire. */
  readonly extra: ResponsesExtra | undefined
}

/** How a response stands. */
export type ResponseStatus = 'in_progress' | 'completed' | 'incomplete' | 'failed' | 'cancelled'

/** One answer as a response: its output items, and what is said of it as a whole. */
export class ResponseAnswer {
  readonly blocks: AnswerBlocks = new AnswerBlocks({
    extraOf: blockExtraOf,
    begins: (extra) => extra.item !== undefined,
    parts: (extra) => extra.part === true,
  })
  readonly id: string
  readonly streamId: string
  readonly #facts: ResponsesFacts
  /** What a backend said of its own response. */
  #members: JsonObject = {}
  #usage: Usage | undefined
  #end: EndEvent | undefined

  constructor(facts: ResponsesFacts, streamId: string) {
    this.#facts = facts
    this.streamId = streamId
    this.id = `resp_${streamId}`
  }

  /** Adds an event of the stream, in its order. */
  take(event: StreamEvent): ResponseStep {
    if (isOfChoice(event)) return { blocks: this.blocks.take(event), extra: responsesExtraOf(event.extra) }
    switch (event.type) {
      case 'usage':
        this.#usage = event.usage
        return { blocks: undefined, extra: undefined }
      case 'end':
        this.#end = event
        this.#usage = event.usage ?? this.#usage
        return { blocks: undefined, extra: undefined }
      case 'data': {
        const extra = responsesExtraOf(event.extra)
        if (extra?.response) this.#members = { ...this.#members, ...extra.response }
        if (extra?.finished) this.#otherOf(extra.finished)?.extras.push(extra)
        if (extra?.of !== undefined) this.#itemOf(extra.of)?.extras.push(extra)
        return { blocks: extra?.added ? this.blocks.beginOther(extra) : undefined, extra }
      }
      default:
        event satisfies never
        return { blocks: undefined, extra: undefined }
    }
  }

  /** Place of the item that a backend calls `id`, in our own output. */
  indexOf(id: Json | undefined): number | undefined {
    if (id === undefined) return undefined
    return this.#itemOf(id)?.index
  }

  /** How the answer stands. */
  get status(): ResponseStatus {
    const end = this.#end
    if (!end) return 'in_progress'
    if (end.reason === 'cancelled') return 'cancelled'
    if (!end.complete || end.reason === 'error' || end.reason === 'interrupted') return 'failed'
    return end.reason === 'length' || end.reason === 'content_filter' ? 'incomplete' : 'completed'
  }

  /** A block as an item, as it stands. */
  item(block: Block): JsonObject {
    return wholeItem(block, this.streamId, this.blocks.open === block ? this.#openStatus : 'completed')
  }

  /** The response as it stands, with these of its items. */
  object(output: readonly Block[] = this.blocks.all): JsonObject {
    const { created, model, background } = this.#facts
    const { status } = this
    const end = this.#end
    const own = {
      id: this.id,
      object: 'response',
      created_at: created,
      status,
      background: background === true,
      error: end && (status === 'failed' || status === 'cancelled') ? errorOf(end) : null,
      incomplete_details: end && status === 'incomplete' ? this.#incompleteOf(end) : null,
      model: typeof this.#members.model === 'string' ? this.#members.model : model,
      output: output.map((block) => this.item(block)),
      usage: this.#usage ? toResponsesUsage(this.#usage) : null,
    }
    return { ...own, ...repeatedOf(this.#facts), ...this.#members, ...own }
  }

  /** In the backend's own word where an end has none for it. */
  #incompleteOf(end: EndEvent): Json {
    return this.#members.incomplete_details ?? { reason: reasonOf(end) }
  }

  get #openStatus(): ItemStatus {
    const { status } = this
    return status === 'in_progress' || status === 'completed' ? status : 'incomplete'
  }

  #itemOf(id: Json): Block | undefined {
    return this.blocks.all.find(({ extras }) => idIn(extras[0]) === id)
  }

  #otherOf(item: JsonObject): Block | undefined {
    return this.blocks.all.findLast(({ kind, extras }) => kind === 'other' && idIn(extras[0]) === item.id)
  }
}

/** What chat completions say of a call's kind is said here, too. */
function blockExtraOf(extra: Json | undefined): JsonObject | undefined {
  const own = responsesExtraOf(extra)
  if (own || !isJsonObject(extra) || !isJsonObject(extra.openai) || !isJsonObject(extra.openai.tool)) return own
  return extra.openai.tool.type === 'custom' ? { item: { type: 'custom_tool_call' } } : undefined
}

function idIn(extra: JsonObject | undefined): Json | undefined {
  const { item, added } = (extra ?? {}) as ResponsesExtra
  return item?.id ?? added?.id
}

function reasonOf({ reason }: EndEvent): string {
  return reason === 'length' ? 'max_output_tokens' : 'content_filter'
}

function errorOf(end: EndEvent): JsonObject {
  const { code, message } = toOpenAiError(toCutError(end)).error
  return { code: code ?? 'server_error', message }
}
