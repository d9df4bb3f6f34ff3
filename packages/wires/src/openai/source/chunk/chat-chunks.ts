import type { Json, SourceEvent } from '@sluice/core'
import type { BackendErrors } from '../../../backend/error/backend-error.ts'
import { type AnswerItems, type AnswerReader, isDone } from '../../../backend/answer-reader.ts'
import { ChatChoice, type ChunkNotes } from './chat-choice.ts'
import { ChunkMembers } from './chunk-members.ts'
import { reportsFailure } from '../../../backend/error/error-sign.ts'
import { isJsonObject, type JsonObject } from '../../../json/json-object.ts'
import { CHUNK_EVENT, type ChatExtra, toExtra } from '../../format/chat-extra.ts'
import { fromOpenAiUsage } from '../../format/chat-usage.ts'
import { HeldBytes } from '../../../backend/held-bytes.ts'
import { TextTemplate } from './text-template.ts'
import { type WireChoice, wholeChoicesOf, wireChoicesOf } from './wire-choices.ts'

/** What the chunks of an answer are read with. */
export interface ChatChunksParts {
  /** The model that was asked for: only another one is worth mentioning. */
  readonly model: Json | undefined
  /** How many choices were asked for. */
  readonly choices: number
  readonly maxHeldBytes: number
  readonly errors: BackendErrors
}

/** A backend whose lines never repeat would have each line studied in vain. */
const MAX_TEMPLATES = 16

/** Reads the chunks of one answer and gathers what they say as items of a source. */
export class ChatChunks implements AnswerReader {
  /** True once the backend has said that its answer is over. */
  done = false
  readonly #errors: BackendErrors
  readonly #expected: number
  readonly #held: HeldBytes
  #items: AnswerItems = []
  readonly #choices: Map<number, ChatChoice> = new Map()
  readonly #members: ChunkMembers
  /** Members of the chunk that is being read that no event has taken along yet. */
  #extra: JsonObject | undefined
  #usage: JsonObject | undefined
  #usageText = ''
  #template: TextTemplate | undefined
  #templates = 0

  constructor({ model, choices, maxHeldBytes, errors }: ChatChunksParts) {
    this.#errors = errors
    this.#expected = choices
    this.#held = new HeldBytes(maxHeldBytes, () =>
      errors.overLimit('more of ids, names and nameless arguments of tool calls', 'maxHeldBytes', maxHeldBytes),
    )
    this.#members = new ChunkMembers(model)
  }

  /** True once the backend has said anything of a choice: without one there is no answer. */
  get began(): boolean {
    return this.#choices.size > 0
  }

  isOwn(event: string): boolean {
    return event === 'message'
  }

  /** True once all choices that were asked for have finished: only token counts may follow. */
  get finished(): boolean {
    return this.#choices.size >= this.#expected && this.#allFinished
  }

  /**
   * Takes the data of one SSE event.
   *
   * @throws SluiceError `SLUICE_ERR_BACKEND` when it says that the answer failed, or is no chunk
   */
  read(event: string, data: string): void {
    if (this.done || data === '') return
    const text = this.#template?.read(data)
    if (text !== undefined && text !== '' && event === 'message') this.#items.push(text)
    else if (isDone(data)) this.#finish()
    else {
      const template = text === '' ? this.#template : undefined
      this.#parse(event, data)
      this.#template ??= template
    }
  }

  readValue(chunk: JsonObject): void {
    if (reportsFailure('message', chunk)) this.#fail(chunk)
    this.#takeOrThrow(chunk)
  }

  /** Takes the body of a backend that answered with one `chat.completion` instead of a stream, if it is one. */
  readCompletion(text: string): void {
    const value = jsonOf(text)
    const body: JsonObject = isJsonObject(value) ? value : { error: Array.isArray(value) ? value : undefined }
    if (reportsFailure('message', body)) throw this.#errors.reported(value!)
    const choices = wholeChoicesOf(body)
    if (choices.length === 0) return
    this.#takeOrThrow({ ...body, choices })
    this.#finish()
  }

  /**
   * The body has ended, whole as far as the connection knows, and without `[DONE]`.
   *
   * @throws SluiceError `SLUICE_ERR_BACKEND` unless every choice that began has finished
   */
  end(): void {
    if (!this.#allFinished) throw this.#errors.cutAnswer()
    this.#finish()
  }

  get #allFinished(): boolean {
    for (const choice of this.#choices.values()) if (!choice.finished) return false
    return true
  }

  /** All items since the last call. Call it once per piece of the body. */
  takeItems(): AnswerItems {
    this.#takeUsage()
    const items = this.#items
    this.#items = []
    return items
  }

  #parse(event: string, data: string): void {
    const chunk = this.#chunkOf(event, data)
    if (!chunk) return
    this.#template = undefined
    if (reportsFailure(event, chunk)) this.#fail(chunk)
    const before = this.#items.length
    if (this.#takeOrThrow(chunk) || this.#templates >= MAX_TEMPLATES || this.#items.length !== before + 1) return
    const item = this.#items[before]
    if (typeof item !== 'string') return
    this.#templates++
    this.#template = TextTemplate.of(data, item)
  }

  /** The chunk that an event holds; `undefined` for events of other kinds, which are no business of ours. */
  #chunkOf(event: string, data: string): JsonObject | undefined {
    const value = jsonOf(data)
    if (isJsonObject(value)) return value
    if (event === 'error') throw this.#errors.reportedText(data)
    if (Array.isArray(value) && reportsFailure(event, { error: value })) throw this.#errors.reported(value)
    if (event !== 'message') return undefined
    throw value === undefined ? this.#errors.notJson(data) : this.#errors.noObject(data)
  }

  /** What a chunk that reports a failure says beside it is said first. */
  #fail(chunk: JsonObject): never {
    this.#take({ choices: chunk.choices })
    for (const choice of this.#choices.values()) choice.flushTools()
    throw this.#errors.reported(chunk)
  }

  /** Takes a chunk; true when it said anything besides the text of its choices. */
  #takeOrThrow(chunk: JsonObject): boolean {
    const { special, failure } = this.#take(chunk)
    if (!failure) return special
    for (const choice of this.#choices.values()) choice.flushTools()
    throw 'body' in failure ? this.#errors.reported(failure.body) : this.#errors.gaveUp(failure.word)
  }

  #take(chunk: JsonObject): ChunkNotes {
    const notes: ChunkNotes = { special: false, failure: undefined }
    const before = this.#items.length
    const { news, repeated } = this.#members.sort(chunk)
    if (news) notes.special = true
    this.#extra = news
    const choices = wireChoicesOf(chunk)
    for (const { index, choice } of choices) this.#choice(index).take(choice, notes)
    const { usage } = chunk
    if (isJsonObject(usage)) {
      this.#usage = usage
      notes.special = true
      if (this.#extra) this.#takeUsage()
    } else if (this.#items.length === before) this.#extra ??= repeated
    if (this.#extra) this.#emit(emptyEventOf(choices), undefined, false)
    return notes
  }

  #choice(index: number): ChatChoice {
    let choice = this.#choices.get(index)
    if (!choice) {
      choice = new ChatChoice(index, this.#held, (event, extra, late) => this.#emit(event, extra, late))
      this.#choices.set(index, choice)
    }
    return choice
  }

  #emit(event: SourceEvent, extra: ChatExtra | undefined, late: boolean): void {
    const chunk = late ? undefined : this.#extra
    if (!late) this.#extra = undefined
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
    this.#emit({ type: 'usage', usage: fromOpenAiUsage(usage) }, undefined, false)
  }

  #finish(): void {
    for (const choice of this.#choices.values()) choice.flushTools()
    this.#takeUsage()
    this.done = true
  }
}

/** What takes the members of a chunk along that says nothing else: many clients take it for granted that it has a choice. */
function emptyEventOf([first]: readonly WireChoice[]): SourceEvent {
  if (!first) return { type: 'data', name: CHUNK_EVENT, data: null }
  return { type: 'text', text: '', ...(first.index > 0 && { choice: first.index }) }
}

function jsonOf(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}
