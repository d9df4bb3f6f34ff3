import type { EndEvent } from '@sluice/core'
import {
  type AnswerEvent,
  type ChoiceEvent,
  type Closed,
  copyResumeState,
  createResumeState,
  type Encoder,
  type EncoderStart,
  type Entry,
  foldResumeState,
  isOfChoice,
  isPlainText,
  jsonLine,
  type ResumeState,
} from '@sluice/core/extend'
import { ChatChunkText } from './chat-chunk-text.ts'
import type { JsonObject } from '../../json/json-object.ts'
import { chatExtraOf } from '../format/chat-extra.ts'
import { callsDelta, deltaOf, finishWordOf, ROLE, roleOf } from './chat-delta.ts'
import { finishReasonOf } from '../format/chat-finish.ts'
import { toOpenAiUsage } from '../format/chat-usage.ts'
import type { ChatFacts } from '../format/chat-facts.ts'
import { toCutError, toOpenAiError } from '../format/errors.ts'

/** Writes one reading of a stream as chat completion chunks over SSE. */
export class ChatEncoder implements Encoder {
  readonly #facts: ChatFacts
  readonly #ids: boolean
  #text!: ChatChunkText
  #resumeState: ResumeState = createResumeState()
  #streamId = ''
  #epoch = -1
  #idHead = ''
  /** Choice 0 has its role, so that its plain text needs nothing but itself. */
  #plain = false

  constructor(facts: ChatFacts, ids: boolean) {
    this.#facts = facts
    this.#ids = ids
  }

  open(start: EncoderStart): string {
    this.#streamId = start.opened.id
    this.#text = new ChatChunkText(this.#facts, start.opened.id)
    this.#resumeState = copyResumeState(start.resumeState)
    this.#plain = this.#resumeState.choices.has(0)
    const opening = this.#comment('open')
    return start.mode === 'middle' ? opening + this.#prelude() : opening
  }

  encode(chunk: readonly Entry[]): string {
    let bytes = ''
    for (const { event, epoch, seq, withheld } of chunk) {
      if (epoch !== this.#epoch) this.#enter(epoch)
      // What the store does not have is no place to resume from.
      const id = this.#ids && !withheld ? `${this.#idHead}${seq}\n` : ''
      if (this.#plain && isPlainText(event)) {
        bytes += `${this.#text.plainHead}${jsonLine(event.text)}${this.#text.plainTail}${id}\n`
      } else {
        const lines = isOfChoice(event) ? this.#ofChoice(event) : this.#ofAnswer(event)
        // An id without data would be an event to decoders that never forget an id.
        if (lines.length > 0) bytes += `${lines.join('\n')}${id}\n`
      }
    }
    return bytes
  }

  closed(notice: Closed): string {
    const way = this.#ids ? 'ask again with the last event id' : 'it can be read again where Content-Location says'
    const message = `This reading is over (${notice.code}), the answer perhaps not: ${way}.`
    const status = notice.code === 'unauthorized' ? 401 : 503
    return `${dataOf(toOpenAiError({ code: notice.code, message, status }))}\n`
  }

  heartbeat(): string {
    return this.#comment('keep-alive')
  }

  /**
   * With ids a comment is part of the next block: a blank line that no data came before is an event to many decoders, to
   * some once they have an id. Without them it is a block of its own, since there are readers who find no data in a block that
   * does not begin with it.
   */
  #comment(text: string): string {
    return this.#ids ? `: ${text}\n` : `: ${text}\n\n`
  }

  #enter(epoch: number): void {
    this.#epoch = epoch
    this.#idHead = `id: ${this.#streamId}.${epoch}.`
  }

  /** The `data:` lines of an event, each of a block of its own. */
  #ofAnswer(event: AnswerEvent): string[] {
    switch (event.type) {
      case 'end':
        return this.#end(event)
      case 'usage':
      case 'data': {
        const chunk = chatExtraOf(event.extra)?.chunk
        return chunk ? [this.#text.chunk('', chunk)] : []
      }
      default:
        event satisfies never
        return []
    }
  }

  #ofChoice(event: ChoiceEvent): string[] {
    const extra = chatExtraOf(event.extra)
    const index = event.choice ?? 0
    const begins = !this.#resumeState.choices.has(index)
    foldResumeState(this.#resumeState, event)
    this.#plain ||= index === 0
    const delta = deltaOf(event, this.#resumeState.choices.get(index)!, extra)
    if (delta === undefined && !begins && !extra) return []
    const finish = event.type === 'finish' ? finishWordOf(event.reason, extra) : null
    const choice = choiceOf(index, begins ? { ...roleOf(event), ...delta } : (delta ?? {}), finish, extra?.choice)
    return [this.#text.chunk(choice, extra?.chunk)]
  }

  /** What a client that begins here has missed and cannot do without: who speaks, and which calls are being made. */
  #prelude(): string {
    let bytes = ''
    for (const [index, choice] of this.#resumeState.choices) {
      if (choice.finished) continue
      // No call of an unfinished choice is known to be complete: more arguments may come for any of them.
      const delta = { ...ROLE, ...callsDelta(choice.tools) }
      bytes += `${this.#text.chunk(choiceOf(index, delta, null), undefined)}\n`
    }
    return bytes
  }

  #end(end: EndEvent): string[] {
    const reason = finishReasonOf(end)
    if (reason === undefined) return [dataOf(toOpenAiError(toCutError(end)))]
    const { choices } = this.#resumeState
    const lines = choices.size === 0 ? [this.#text.chunk(choiceOf(0, ROLE, reason), undefined)] : []
    for (const [index, choice] of choices) {
      if (!choice.finished) lines.push(this.#text.chunk(choiceOf(index, {}, reason), undefined))
    }
    if (this.#facts.includeUsage && end.usage) lines.push(this.#text.usage(toOpenAiUsage(end.usage)))
    return [...lines, 'data: [DONE]\n']
  }
}

/** JSON text of one choice; `extra` are members of it that a backend sent. */
function choiceOf(index: number, delta: JsonObject, finish: string | null, extra?: JsonObject): string {
  return jsonLine({ ...extra, index, delta, finish_reason: finish })
}

function dataOf(value: object): string {
  return `data: ${jsonLine(value)}\n`
}
