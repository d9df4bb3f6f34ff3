import { type Json, SluiceError, type SourceEvent } from '@sluice/core'
import { type ChatExtra, isJsonObject, joinExtra, type JsonObject } from '../../format/chat-extra.ts'
import { toFinishReason } from '../../format/chat-finish.ts'
import { ChatTools } from '../tools/chat-tools.ts'

/** Takes an event, and what the backend sent with it beyond our model. */
export type EmitEvent = (event: SourceEvent, extra: ChatExtra | undefined) => void

/** Reads what a backend's chunks say of one choice. */
export class ChatChoice {
  readonly #index: number
  readonly #emit: EmitEvent
  readonly #tools: ChatTools
  /** Members of the choice that are repeated as they stand, as last seen. */
  readonly #known: Map<string, string> = new Map()
  /** What no event has taken along yet. */
  #extra: ChatExtra | undefined

  constructor(index: number, emit: EmitEvent) {
    this.#index = index
    this.#emit = emit
    this.#tools = new ChatTools(index, (event, tool) => this.#say(event, tool && { tool }))
  }

  /** Takes a member of `choices`; true when it said anything besides text. */
  take(choice: JsonObject): boolean {
    const { delta, finish_reason: finish } = choice
    const extra = this.#extraOf(choice)
    if (extra) this.#extra = this.#extra ? joinExtra(this.#extra, extra) : extra
    const special = this.#extra !== undefined
    let said = false
    if (isJsonObject(delta)) said = this.#takeDelta(delta)
    if (typeof finish !== 'string' || finish === '') return special || said
    this.flushTools()
    this.#finishWith(finish)
    return true
  }

  /** Nothing more will be said of a tool call whose name was still open. */
  flushTools(): void {
    this.#tools.flush()
  }

  /** The answer is over: what waited for an event gets one of its own. */
  finish(): void {
    this.flushTools()
    if (this.#extra) this.#say({ type: 'text', text: '' })
  }

  #takeDelta(delta: JsonObject): boolean {
    const {
      content,
      reasoning_content: thought,
      reasoning = thought,
      refusal,
      tool_calls: calls,
      function_call: call,
    } = delta
    let special = false
    const reasoned = isText(thought) ? thought : isText(reasoning) ? reasoning : ''
    if (reasoned !== '') this.#text('reasoning', reasoned)
    if (isText(content)) this.#text('text', content)
    if (isText(refusal)) this.#text('refusal', refusal)
    if (Array.isArray(calls)) {
      for (const piece of calls as readonly Json[]) if (isJsonObject(piece)) this.#tools.take(piece)
      special = calls.length > 0
    }
    if (isJsonObject(call)) {
      this.#tools.takeLegacy(call)
      special = true
    }
    return special
  }

  #text(type: 'text' | 'reasoning' | 'refusal', text: string): void {
    this.flushTools()
    this.#say({ type, text })
  }

  #finishWith(word: string): void {
    const reason = toFinishReason(word)
    if (reason === undefined) {
      throw new SluiceError(
        'SLUICE_ERR_BACKEND',
        `The backend gave up in the middle of its answer (finish_reason "${word.slice(0, 40)}").`,
      )
    }
    this.#say({ type: 'finish', reason }, word === reason ? undefined : { choice: { finish_reason: word } })
  }

  #say(event: SourceEvent, more?: ChatExtra): void {
    const extra = this.#extra ? joinExtra(this.#extra, more) : more
    this.#extra = undefined
    this.#emit(this.#index === 0 ? event : { ...event, choice: this.#index }, extra)
  }

  #extraOf(wire: JsonObject): ChatExtra | undefined {
    let choice: [string, Json][] | undefined
    for (const name in wire) {
      const value = wire[name]
      if (value === null || value === undefined || name === 'index' || name === 'delta') continue
      if ((name === 'finish_reason' && typeof value === 'string') || this.#isState(name, value)) continue
      choice ??= []
      choice.push([name, value])
    }
    const delta = isJsonObject(wire.delta) ? deltaExtraOf(wire.delta) : undefined
    if (!choice && !delta) return undefined
    return { ...(choice && { choice: Object.fromEntries(choice) }), ...(delta && { delta }) }
  }

  /** Objects repeated as they were (verdicts of a content filter) say nothing new; lists and values may be pieces. */
  #isState(name: string, value: Json): boolean {
    if (name === 'logprobs' || !isJsonObject(value)) return false
    const text = JSON.stringify(value)
    if (this.#known.get(name) === text) return true
    this.#known.set(name, text)
    return false
  }
}

/** Members of a delta that we do not model, or that have a type we do not expect. */
function deltaExtraOf(delta: JsonObject): JsonObject | undefined {
  let extra: [string, Json][] | undefined
  for (const name in delta) {
    const value = delta[name]
    if (value === null || value === undefined || isModelled(name, value, delta)) continue
    extra ??= []
    extra.push([name, value])
  }
  return extra && Object.fromEntries(extra)
}

function isModelled(name: string, value: Json, delta: JsonObject): boolean {
  switch (name) {
    case 'role':
      return true
    case 'content':
    case 'refusal':
    case 'reasoning_content':
      return typeof value === 'string'
    case 'reasoning':
      // Where both names are used, they say the same.
      return typeof value === 'string' && (!isText(delta.reasoning_content) || delta.reasoning_content === value)
    case 'tool_calls':
      return Array.isArray(value)
    case 'function_call':
      return isJsonObject(value)
    default:
      return false
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
