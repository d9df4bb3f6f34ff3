import type { Json, SourceEvent } from '@sluice/core'
import { isJsonObject, type JsonObject } from '../../../json/json-object.ts'
import type { ChatExtra } from '../../format/chat-extra.ts'
import { toFinishReason } from '../../format/chat-finish.ts'
import { ChatTools } from '../tools/chat-tools.ts'
import { toContentRuns } from './content-parts.ts'
import { modelledMembers, unmodelledOf } from './delta-members.ts'
import { saysError } from '../../../backend/error/error-sign.ts'
import type { HeldBytes } from '../../../backend/held-bytes.ts'
import { type Member, RepeatedMembers, type SortedMembers } from './repeated-members.ts'

/** Takes an event, and what the backend sent with it beyond our model. `late`: it tells what an earlier chunk had said. */
export type EmitEvent = (event: SourceEvent, extra: ChatExtra | undefined, late: boolean) => void

/** What a chunk says besides its events. */
export interface ChunkNotes {
  /** True when it says anything besides text. */
  special: boolean
  /** The first choice that failed: what it says of the failure, or the word it finished with. */
  failure: { readonly body: JsonObject } | { readonly word: string } | undefined
}

/** A verdict of a content filter is short; what is longer is not worth remembering for each choice. */
const MAX_REMEMBERED_CHARS = 4096

/** Reads what a backend's chunks say of one choice. */
export class ChatChoice {
  /** True once the backend has said why it ended. */
  finished = false
  readonly #index: number
  readonly #emit: EmitEvent
  readonly #tools: ChatTools
  readonly #members: RepeatedMembers = new RepeatedMembers(MAX_REMEMBERED_CHARS)
  /** What the chunk that is being read holds beyond our model, and no event has taken along yet. */
  #extra: ChatExtra | undefined
  #said = 0

  constructor(index: number, held: HeldBytes, emit: EmitEvent) {
    this.#index = index
    this.#emit = emit
    this.#tools = new ChatTools(index, held, (event, tool, late) => this.#say(event, tool && { tool }, late))
  }

  /** Takes a member of `choices`. */
  take(choice: JsonObject, notes: ChunkNotes): void {
    const delta = this.#deltaOf(choice)
    const { news, repeated } = this.#sort(choice, delta)
    const said = this.#said
    this.#extra = extraOf(news, delta && unmodelledOf(delta))
    if (delta) this.#takeDelta(delta, notes)
    if (saysError(choice.error)) notes.failure ??= { body: choice }
    else this.#takeFinish(choice.finish_reason, notes)
    if (!this.#extra && this.#said === said) this.#extra = extraOf(repeated, undefined)
    if (this.#extra) this.#say({ type: 'text', text: '' })
  }

  /** Nothing more will be said of a tool call whose name or arguments were still open. */
  flushTools(): void {
    this.#tools.flush()
  }

  /** Some backends send a message where a delta belongs; others, all of it beside the delta, or once more at the end. */
  #deltaOf({ delta, message }: JsonObject): JsonObject | undefined {
    if (isJsonObject(delta)) return delta
    return isJsonObject(message) && this.#said === 0 ? message : undefined
  }

  #takeDelta(delta: JsonObject, notes: ChunkNotes): void {
    const { reasoning, reasoningAs, content, refusal, calls, call } = modelledMembers(delta)
    if (reasoning !== '') this.#reasoning(reasoning, reasoningAs)
    if (typeof content === 'string') this.#text('text', content)
    else this.#takeParts(content)
    if (refusal !== '') this.#text('refusal', refusal)
    if (calls.length > 0) this.#tools.take(calls)
    if (call) this.#tools.takeLegacy(call)
    if (calls.length > 0 || call || typeof content !== 'string') notes.special = true
  }

  #takeParts(parts: readonly Json[]): void {
    for (const run of toContentRuns(parts)) {
      if (run.type !== 'parts') this.#text(run.type, run.text)
      else {
        this.flushTools()
        this.#say({ type: 'text', text: '' }, { delta: { content: run.parts } })
      }
    }
  }

  #takeFinish(word: Json | undefined, notes: ChunkNotes): void {
    // Some backends write the absence of a reason as a text.
    if (typeof word !== 'string' || word === '' || word === 'null') return
    notes.special = true
    this.flushTools()
    this.finished = true
    const reason = toFinishReason(word)
    if (reason === undefined) notes.failure ??= { word }
    else this.#say({ type: 'finish', reason }, word === reason ? undefined : { choice: { finish_reason: word } })
  }

  #text(type: 'text' | 'reasoning' | 'refusal', text: string): void {
    if (text === '') return
    this.flushTools()
    this.#say({ type, text })
  }

  #reasoning(text: string, as: string | undefined): void {
    this.flushTools()
    this.#say(as === undefined ? { type: 'reasoning', text } : { type: 'reasoning', text, as })
  }

  #say(event: SourceEvent, more?: ChatExtra, late = false): void {
    const extra = late ? more : mergeExtra(this.#extra, more)
    if (!late) {
      this.#extra = undefined
      this.#said++
    }
    this.#emit(this.#index === 0 ? event : { ...event, choice: this.#index }, extra, late)
  }

  /** Objects that are repeated as they were (verdicts of a content filter) say nothing new; lists and values may be pieces. */
  #sort(choice: JsonObject, delta: JsonObject | undefined): SortedMembers {
    const states: Member[] = []
    const pieces: Member[] = []
    for (const name in choice) {
      const value = choice[name]
      if (value === null || value === undefined || isModelled(name, value, delta)) continue
      if (isJsonObject(value) && name !== 'logprobs') states.push([name, value])
      else pieces.push([name, value])
    }
    const sorted = this.#members.sort(states)
    return pieces.length === 0 ? sorted : { news: [...pieces, ...sorted.news], repeated: sorted.repeated }
  }
}

function isModelled(name: string, value: Json, delta: JsonObject | undefined): boolean {
  switch (name) {
    case 'index':
    case 'error':
      return true
    case 'delta':
    case 'message':
      return value === delta
    case 'finish_reason':
      return typeof value === 'string'
    default:
      return false
  }
}

function extraOf(choice: readonly Member[], delta: JsonObject | undefined): ChatExtra | undefined {
  if (choice.length === 0) return delta && { delta }
  return { choice: Object.fromEntries(choice), ...(delta && { delta }) }
}

function mergeExtra(held: ChatExtra | undefined, more: ChatExtra | undefined): ChatExtra | undefined {
  if (!held || !more) return held ?? more
  const choice = held.choice || more.choice ? { ...held.choice, ...more.choice } : undefined
  const delta = held.delta || more.delta ? { ...held.delta, ...more.delta } : undefined
  return { ...(choice && { choice }), ...(delta && { delta }), ...(more.tool && { tool: more.tool }) }
}
