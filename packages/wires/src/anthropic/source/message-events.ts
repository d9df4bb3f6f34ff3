import type { Json, SourceEvent } from '@sluice/core'
import type { AnswerItems, AnswerReader } from '../../backend/answer-reader.ts'
import type { BackendErrors } from '../../backend/error/backend-error.ts'
import { saysError } from '../../backend/error/error-sign.ts'
import { HeldBytes } from '../../backend/held-bytes.ts'
import { isJsonObject, type JsonObject } from '../../json/json-object.ts'
import { statusOfType } from '../format/anthropic-error.ts'
import { type AnthropicExtra, MESSAGE_EVENT, toAnthropicExtra } from '../format/anthropic-extra.ts'
import { fromAnthropicUsage } from '../format/anthropic-usage.ts'
import { stopWordOf, toFinishReason } from '../format/stop-reason.ts'
import { ContentReader } from './content-reader.ts'

/** Members of a message that are ours to say, or that are told in events of their own. */
const OWN_MEMBERS = ['type', 'role', 'content', 'usage', 'stop_reason', 'stop_sequence', 'stop_details']

/** Reads the events of one message and gathers what they say as items of a source. */
export class MessageEvents implements AnswerReader {
  began = false
  done = false
  readonly #errors: BackendErrors
  readonly #content: ContentReader
  #items: AnswerItems = []
  /** Token counts are cumulative; what is not said again stays as it was. */
  #usage: JsonObject = {}
  #usageText = '{}'
  #stopped = false

  constructor({ errors, maxHeldBytes }: { errors: BackendErrors; maxHeldBytes: number }) {
    this.#errors = errors
    const held = new HeldBytes(maxHeldBytes, () =>
      errors.overLimit('more ids and names of tool calls', 'maxHeldBytes', maxHeldBytes),
    )
    this.#content = new ContentReader((event, extra) => this.#emit(event, extra), held)
  }

  get finished(): boolean {
    return this.#stopped
  }

  isOwn(event: string): boolean {
    return event !== 'ping'
  }

  read(event: string, data: string): void {
    if (this.done || data === '' || event === 'ping') return
    const value = jsonOf(data)
    if (!isJsonObject(value)) {
      if (event === 'error') throw this.#errors.reportedText(data)
      if (value === undefined) throw this.#errors.notJson(data)
      throw this.#errors.noObject(data)
    }
    if (event === 'error') throw this.#failure(value)
    this.readValue(value)
  }

  readValue(value: JsonObject): void {
    // Some that are behind a proxy for other formats fail in the words of those.
    if (value.type === 'error' || (value.type === undefined && saysError(value.error))) throw this.#failure(value)
    this.#take(value)
  }

  readCompletion(text: string): void {
    const value = jsonOf(text)
    const body: JsonObject = isJsonObject(value) ? value : {}
    if (body.type === 'error' || isJsonObject(body.error)) throw this.#failure(body)
    if (!Array.isArray(body.content)) return
    this.#begin(body)
    this.#delta(body)
    this.#finish()
  }

  end(): void {
    if (!this.#stopped) throw this.#errors.cutBefore('message_stop')
    this.#finish()
  }

  takeItems(): AnswerItems {
    const items = this.#items
    this.#items = []
    return items
  }

  #take(value: JsonObject): void {
    const index = typeof value.index === 'number' ? value.index : 0
    switch (value.type) {
      case 'message_start':
        return this.#begin(isJsonObject(value.message) ? value.message : {})
      case 'content_block_start':
        this.began = true
        return this.#content.start(index, isJsonObject(value.content_block) ? value.content_block : {})
      case 'content_block_delta':
        this.began = true
        return this.#content.delta(index, isJsonObject(value.delta) ? value.delta : {})
      case 'message_delta':
        this.#count(value.usage)
        return this.#delta(isJsonObject(value.delta) ? value.delta : {})
      case 'message_stop':
        return this.#finish()
      default:
      // New types may come at any time: whoever does not know them passes over them.
    }
  }

  #begin(message: JsonObject): void {
    this.began = true
    this.#count(message.usage)
    const told = Object.entries(message).filter(([name, value]) => !OWN_MEMBERS.includes(name) && value !== null)
    if (told.length > 0) {
      this.#emit({ type: 'data', name: MESSAGE_EVENT, data: null }, { message: Object.fromEntries(told) })
    }
    if (!Array.isArray(message.content)) return
    for (const [index, block] of message.content.entries()) if (isJsonObject(block)) this.#content.start(index, block)
  }

  #delta(delta: JsonObject): void {
    const { stop_reason: word } = delta
    if (typeof word !== 'string' || this.#stopped) return
    this.#stopped = true
    const reason = toFinishReason(word)
    const { stop_reason, stop_sequence, stop_details, container } = delta
    const said = Object.entries({ stop_reason, stop_sequence, stop_details, container }).filter(
      ([, one]) => one !== null && one !== undefined,
    )
    const isUsual = said.length === 1 && stopWordOf(reason) === word
    this.#emit({ type: 'finish', reason }, isUsual ? undefined : { delta: Object.fromEntries(said) })
  }

  #count(usage: Json | undefined): void {
    if (!isJsonObject(usage)) return
    const said = Object.entries(usage).filter(([, value]) => value !== null)
    this.#usage = { ...this.#usage, ...Object.fromEntries(said) }
    const text = JSON.stringify(this.#usage)
    if (text === this.#usageText) return
    this.#usageText = text
    this.#emit({ type: 'usage', usage: fromAnthropicUsage(this.#usage) })
  }

  #finish(): void {
    if (!this.#stopped) this.#emit({ type: 'finish', reason: 'stop' })
    this.#stopped = true
    this.done = true
  }

  #failure(value: JsonObject): Error {
    return this.#errors.reported(value, statusOfType(isJsonObject(value.error) ? value.error.type : undefined))
  }

  #emit(event: SourceEvent, extra?: AnthropicExtra): void {
    if (extra) this.#items.push({ ...event, extra: toAnthropicExtra(extra) })
    else if (event.type === 'text') this.#items.push(event.text)
    else this.#items.push(event)
  }
}

function jsonOf(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}
