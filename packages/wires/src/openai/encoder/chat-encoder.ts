import {
  type AnswerEvent,
  type ChoiceEvent,
  type Closed,
  copyResumeState,
  createResumeState,
  type EndEvent,
  type Encoder,
  type EncoderStart,
  type Entry,
  foldResumeState,
  isOfChoice,
  isPlainText,
  type ResumeState,
} from '@sluice/core'
import { ChatChunkText } from './chat-chunk-text.ts'
import { chatExtraOf, type JsonObject } from '../format/chat-extra.ts'
import { callDelta, deltaOf, finishWordOf, ROLE, roleOf } from './chat-delta.ts'
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
    return start.mode === 'middle' ? `: open\n\n${this.#prelude()}` : ': open\n\n'
  }

  encode(chunk: readonly Entry[]): string {
    let bytes = ''
    for (const { event, epoch, seq, withheld } of chunk) {
      if (epoch !== this.#epoch) this.#enter(epoch)
      // A comment where the position would stand: what the store does not have is no place to resume from.
      const head = !this.#ids ? '' : withheld ? ':\n' : `${this.#idHead}${seq}\n`
      if (this.#plain && isPlainText(event)) {
        bytes += `${head}${this.#text.plainHead}${JSON.stringify(event.text)}${this.#text.plainTail}`
      } else bytes += isOfChoice(event) ? this.#ofChoice(event, head) : this.#ofAnswer(event, head)
    }
    return bytes
  }

  closed(notice: Closed): string {
    const message = `This reading is over (${notice.code}), the answer perhaps not: ask again with the last event id.`
    const status = notice.code === 'unauthorized' ? 401 : 503
    return dataOf(JSON.stringify(toOpenAiError({ code: notice.code, message, status })))
  }

  heartbeat(): string {
    return ':\n\n'
  }

  #enter(epoch: number): void {
    this.#epoch = epoch
    this.#idHead = `id: ${this.#streamId}.${epoch}.`
  }

  #ofAnswer(event: AnswerEvent, head: string): string {
    switch (event.type) {
      case 'end':
        return this.#end(event, head)
      case 'usage':
      case 'data': {
        const chunk = chatExtraOf(event.extra)?.chunk
        return chunk ? `${head}${this.#text.chunk('', chunk)}` : nothing(head)
      }
      default:
        event satisfies never
        return nothing(head)
    }
  }

  #ofChoice(event: ChoiceEvent, head: string): string {
    const extra = chatExtraOf(event.extra)
    const index = event.choice ?? 0
    const begins = !this.#resumeState.choices.has(index)
    foldResumeState(this.#resumeState, event)
    this.#plain ||= index === 0
    const delta = deltaOf(event, this.#resumeState.choices.get(index)!, extra)
    if (delta === undefined && !begins && !extra) return nothing(head)
    const finish = event.type === 'finish' ? finishWordOf(event.reason, extra) : null
    const choice = choiceOf(index, begins ? { ...roleOf(event), ...delta } : (delta ?? {}), finish, extra?.choice)
    return `${head}${this.#text.chunk(choice, extra?.chunk)}`
  }

  /** What a client that begins here has missed and cannot do without: who speaks, and which calls are being made. */
  #prelude(): string {
    let bytes = ''
    for (const [index, choice] of this.#resumeState.choices) {
      if (choice.finished) continue
      // No call of an unfinished choice is known to be complete: more arguments may come for any of them.
      const calls = choice.tools.map((tool, at) => callDelta(at, tool.id, tool.name))
      const delta = calls.length > 0 ? { ...ROLE, tool_calls: calls } : ROLE
      bytes += this.#text.chunk(choiceOf(index, delta, null), undefined)
    }
    return bytes
  }

  #end(end: EndEvent, head: string): string {
    const reason = finishReasonOf(end)
    if (reason === undefined) return `${head}${dataOf(JSON.stringify(toOpenAiError(toCutError(end))))}`
    const { choices } = this.#resumeState
    let bytes = choices.size === 0 ? this.#text.chunk(choiceOf(0, ROLE, reason), undefined) : ''
    for (const [index, choice] of choices) {
      if (!choice.finished) bytes += this.#text.chunk(choiceOf(index, {}, reason), undefined)
    }
    if (this.#facts.includeUsage && end.usage) bytes += this.#text.usage(toOpenAiUsage(end.usage))
    return `${bytes}${head}data: [DONE]\n\n`
  }
}

/** An event that has no place on this wire moves the position, where that is told. */
function nothing(head: string): string {
  return head === '' ? '' : `${head}\n`
}

/** JSON text of one choice; `extra` are members of it that a backend sent. */
function choiceOf(index: number, delta: JsonObject, finish: string | null, extra?: JsonObject): string {
  return JSON.stringify({ ...extra, index, delta, finish_reason: finish })
}

function dataOf(json: string): string {
  return `data: ${json}\n\n`
}
