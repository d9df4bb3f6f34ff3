import { type Json, SluiceError, type SourceEvent } from '@sluice/core'
import { toStreamError } from '../error/backend-error.ts'
import { ChatChoice } from './chat-choice.ts'
import { type ChatExtra, isJsonObject, type JsonObject, toExtra } from '../../format/chat-extra.ts'
import { fromOpenAiUsage } from '../../format/chat-usage.ts'
import { TextTemplate } from './text-template.ts'

/** What a source yields for one piece of a backend's body. Plain text of choice 0 is a plain string: the cheapest item. */
export type ChatItems = (string | SourceEvent)[]

/** A backend whose lines never repeat would have each line studied in vain. */
const MAX_TEMPLATES = 16

/** Reads the chunks of one answer and gathers what they say as items of a source. */
export class ChatChunks {
  /** True once the backend has said that its answer is over. */
  done = false
  #items: ChatItems = []
  readonly #choices: Map<number, ChatChoice> = new Map()
  /** Members that all chunks repeat, as last seen. */
  readonly #known: Map<string, Json | undefined> = new Map()
  /** Members of chunks that no event has taken along yet. */
  #extra: JsonObject | undefined
  #usage: JsonObject | undefined
  #usageText = ''
  #template: TextTemplate | undefined
  #templates = 0

  /** `model` is the one that was asked for: only another one is worth mentioning. */
  constructor(model: Json | undefined) {
    this.#known.set('model', model)
  }

  /**
   * Takes the data of one SSE event.
   *
   * @throws SluiceError `SLUICE_ERR_BACKEND` when it says that the answer failed, or is no chunk
   */
  read(event: string, data: string): void {
    if (this.done || data === '') return
    const text = this.#template?.read(data)
    if (text !== undefined && event === 'message') {
      if (text !== '') this.#items.push(text)
    } else if (data === '[DONE]') this.#finish()
    else this.#parse(event, data)
  }

  /** Takes the body of a backend that answered with one `chat.completion` instead of a stream. */
  readCompletion(text: string): void {
    const body = parse(text)
    if (isFailure('message', body)) throw toStreamError(body)
    const choices = Array.isArray(body.choices) ? (body.choices as readonly Json[]) : []
    this.#take({ ...body, choices: choices.filter(isJsonObject).map(toDelta) })
    this.#finish()
  }

  /** All items since the last call. Call it once per piece of the body. */
  takeItems(): ChatItems {
    this.#takeUsage()
    const items = this.#items
    this.#items = []
    return items
  }

  #parse(event: string, data: string): void {
    const chunk = parse(data)
    if (isFailure(event, chunk)) {
      for (const choice of this.#choices.values()) choice.flushTools()
      throw toStreamError(chunk)
    }
    const before = this.#items.length
    this.#template = undefined
    if (this.#take(chunk) || this.#templates >= MAX_TEMPLATES || this.#items.length !== before + 1) return
    const item = this.#items[before]
    if (typeof item !== 'string') return
    this.#templates++
    this.#template = TextTemplate.of(data, item)
  }

  /** Takes a chunk; true when it said anything besides the text of its choices. */
  #take(chunk: JsonObject): boolean {
    let special = this.#takeMembers(chunk)
    const { choices, usage } = chunk
    if (Array.isArray(choices)) {
      for (const choice of choices as readonly Json[]) {
        if (isJsonObject(choice) && this.#choice(choice.index).take(choice)) special = true
      }
    }
    if (isJsonObject(usage)) {
      this.#usage = usage
      special = true
    }
    return special
  }

  #takeMembers(chunk: JsonObject): boolean {
    let news: [string, Json][] | undefined
    for (const name in chunk) {
      switch (name) {
        case 'id':
        case 'object':
        case 'created':
        case 'choices':
        case 'usage':
        case 'error':
        case 'obfuscation':
          continue
      }
      const value = chunk[name]
      if (value === null || value === undefined || this.#isKnown(name, value)) continue
      this.#known.set(name, value)
      news ??= []
      news.push([name, value])
    }
    if (!news) return this.#extra !== undefined
    this.#extra = { ...this.#extra, ...Object.fromEntries(news) }
    return true
  }

  #isKnown(name: string, value: Json): boolean {
    const known = this.#known.get(name)
    if (known === value || typeof value !== 'object') return known === value
    return typeof known === 'object' && JSON.stringify(known) === JSON.stringify(value)
  }

  #choice(wireIndex: Json | undefined): ChatChoice {
    const index = typeof wireIndex === 'number' ? wireIndex : 0
    let choice = this.#choices.get(index)
    if (!choice) {
      choice = new ChatChoice(index, (event, extra) => this.#emit(event, extra))
      this.#choices.set(index, choice)
    }
    return choice
  }

  #emit(event: SourceEvent, extra: ChatExtra | undefined): void {
    const chunk = this.#extra
    this.#extra = undefined
    if (chunk || extra) this.#items.push({ ...event, extra: toExtra({ ...(chunk && { chunk }), ...extra }) })
    else if (event.type === 'text' && !event.choice) this.#items.push(event.text)
    else this.#items.push(event)
  }

  /** Some backends count in every chunk: only the last count of a piece of the body is told, and only when it is news. */
  #takeUsage(): void {
    const usage = this.#usage
    if (!usage) return
    this.#usage = undefined
    const text = JSON.stringify(usage)
    if (text === this.#usageText) return
    this.#usageText = text
    this.#emit({ type: 'usage', usage: fromOpenAiUsage(usage) }, undefined)
  }

  #finish(): void {
    for (const choice of this.#choices.values()) choice.finish()
    this.#takeUsage()
    if (this.#extra) this.#emit({ type: 'text', text: '' }, undefined)
    this.done = true
  }
}

function parse(text: string): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new SluiceError('SLUICE_ERR_BACKEND', 'The backend sent a chunk that is not JSON.', { cause })
  }
  if (isJsonObject(value)) return value
  throw new SluiceError('SLUICE_ERR_BACKEND', 'The backend sent a chunk that is not a JSON object.')
}

function isFailure(event: string, chunk: JsonObject): boolean {
  return event === 'error' || Boolean(chunk.error) || chunk.object === 'error'
}

/** A choice of a whole completion as if it had come in one delta. */
function toDelta(choice: JsonObject): JsonObject {
  const { message, ...rest } = choice
  if (!isJsonObject(message)) return rest
  const calls = Array.isArray(message.tool_calls) ? (message.tool_calls as readonly Json[]).filter(isJsonObject) : []
  return { ...rest, delta: { ...message, tool_calls: calls.map((call, index) => ({ ...call, index })) } }
}
