import type { Json, SourceEvent } from '@sluice/core'
import { type AnswerItems, type AnswerReader, isDone } from '../../backend/answer-reader.ts'
import type { BackendErrors } from '../../backend/error/backend-error.ts'
import { saysError } from '../../backend/error/error-sign.ts'
import { HeldBytes } from '../../backend/held-bytes.ts'
import { isJsonObject, type JsonObject } from '../../json/json-object.ts'
import { RESPONSE_EVENT, type ResponsesExtra, toResponsesExtra } from '../format/responses-extra.ts'
import { fromResponsesUsage } from '../format/responses-usage.ts'
import { ItemReader } from './item-reader.ts'

/** Members of a response that are ours to say, or that are told in events of their own. */
const OWN_MEMBERS = ['object', 'created_at', 'status', 'error', 'incomplete_details', 'output', 'usage', 'background']

/** Why a response is incomplete, as far as an end says so too. */
const USUAL_REASONS: readonly unknown[] = ['max_output_tokens', 'content_filter']
const TOLD: SourceEvent = { type: 'data', name: RESPONSE_EVENT, data: null }

/** Reads the events of one response and gathers what they say as items of a source. */
export class ResponseEvents implements AnswerReader {
  began = false
  done = false
  readonly finished = false
  readonly #errors: BackendErrors
  #items: AnswerItems = []
  readonly #output: ItemReader
  /** What was told of the response as a whole: the text of each member. */
  readonly #members: Map<string, string> = new Map()

  constructor({ errors, maxHeldBytes }: { errors: BackendErrors; maxHeldBytes: number }) {
    this.#errors = errors
    const held = new HeldBytes(maxHeldBytes, () =>
      errors.overLimit('more of what items say of themselves', 'maxHeldBytes', maxHeldBytes),
    )
    this.#output = new ItemReader((event, extra) => this.#emit(event, extra), held)
  }

  isOwn(event: string): boolean {
    return event.startsWith('response.') || event === 'message'
  }

  read(event: string, data: string): void {
    if (this.done || data === '' || isDone(data)) return
    const value = jsonOf(data)
    if (!isJsonObject(value)) {
      if (event === 'error') throw this.#errors.reportedText(data)
      if (value === undefined) throw this.#errors.notJson(data)
      throw this.#errors.noObject(data)
    }
    this.readValue(value, event)
  }

  readValue(value: JsonObject, event: string = 'message'): void {
    const type = typeof value.type === 'string' ? value.type : event
    if (type === 'error' || event === 'error' || saysError(value.error)) throw this.#errors.reported(errorIn(value))
    this.#take(type, value)
  }

  readCompletion(text: string): void {
    const value = jsonOf(text)
    const body: JsonObject = isJsonObject(value) ? value : {}
    if (saysError(body.error) && body.object !== 'response') throw this.#errors.reported(body)
    if (!Array.isArray(body.output)) return
    // One that is still to come was asked for in the background, which it was not.
    if (typeof body.status === 'string' && !isFinal(body.status)) throw this.#failure(body.status, body)
    this.#begin(body)
    for (const [index, item] of body.output.entries()) {
      if (isJsonObject(item)) this.#output.takeOutput(item, index)
    }
    this.#end(typeof body.status === 'string' ? body.status : '', body)
  }

  end(): void {
    throw this.#errors.cutBefore('response.completed, .incomplete or .failed')
  }

  takeItems(): AnswerItems {
    const items = this.#items
    this.#items = []
    return items
  }

  #take(type: string, value: JsonObject): void {
    const response = isJsonObject(value.response) ? value.response : {}
    switch (type) {
      case 'response.created':
      case 'response.queued':
      case 'response.in_progress':
        return this.#begin(response)
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
        // What it calls itself tells more than what tells of it.
        return this.#end(isFinal(response.status) ? response.status : type.slice('response.'.length), response)
      default:
        if (!type.startsWith('response.')) return
        this.began = true
        this.#output.take(type, value)
    }
  }

  #begin(response: JsonObject): void {
    this.began = true
    const told: [string, Json][] = []
    for (const [name, value] of Object.entries(response)) {
      if (value === undefined || OWN_MEMBERS.includes(name)) continue
      const text = JSON.stringify(value)
      // Instructions and tools are long, and are repeated in each of these events.
      if (this.#members.get(name) === text) continue
      this.#members.set(name, text)
      told.push([name, value])
    }
    if (told.length === 0) return
    this.#emit(TOLD, { response: Object.fromEntries(told) })
  }

  #end(status: string, response: JsonObject): void {
    if (status === 'failed' || status === 'cancelled') throw this.#failure(status, response)
    if (Array.isArray(response.output)) {
      for (const [index, item] of response.output.entries())
        if (isJsonObject(item)) this.#output.takeOutput(item, index)
    }
    this.#begin(response)
    const { incomplete_details: details } = response
    if (status === 'incomplete' && isJsonObject(details) && !USUAL_REASONS.includes(details.reason))
      this.#emit(TOLD, { response: { incomplete_details: details } })
    if (isJsonObject(response.usage)) this.#emit({ type: 'usage', usage: fromResponsesUsage(response.usage) })
    this.#emit({ type: 'finish', reason: this.#reasonOf(status, response) })
    this.done = true
  }

  #reasonOf(
    status: string,
    { incomplete_details: details }: JsonObject,
  ): 'stop' | 'tool_calls' | 'length' | 'content_filter' {
    if (status !== 'incomplete') return this.#output.called ? 'tool_calls' : 'stop'
    return isJsonObject(details) && details.reason === 'content_filter' ? 'content_filter' : 'length'
  }

  #failure(status: string, { error }: JsonObject): Error {
    if (isJsonObject(error) || typeof error === 'string') return this.#errors.reported({ error } as Json)
    return this.#errors.reported({ error: { message: `The response has the status "${status}".` } })
  }

  #emit(event: SourceEvent, extra?: ResponsesExtra): void {
    if (extra) this.#items.push({ ...event, extra: toResponsesExtra(extra) })
    else if (event.type === 'text') this.#items.push(event.text)
    else this.#items.push(event)
  }
}

function isFinal(status: unknown): status is string {
  return status === 'completed' || status === 'incomplete' || status === 'failed' || status === 'cancelled'
}

/** The error of an `error` event: nested, as it comes over the wire, or flat, as it is documented. */
function errorIn(value: JsonObject): Json {
  if (isJsonObject(value.error)) return value
  const { message, code, param } = value
  return { error: { message, code, param } }
}

function jsonOf(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}
