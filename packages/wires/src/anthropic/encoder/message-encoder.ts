import type { EndEvent, StreamEvent } from '@sluice/core'
import { type Closed, type Encoder, type EncoderStart, type Entry, isPlainText, jsonLine } from '@sluice/core/extend'
import type { Block, BlockStep } from '../../blocks/answer-blocks.ts'
import { textOf } from '../../blocks/answer-blocks.ts'
import { pastOf } from '../../blocks/past-answer.ts'
import type { JsonObject } from '../../json/json-object.ts'
import { toCutError } from '../../openai/format/errors.ts'
import { toAnthropicError } from '../format/anthropic-error.ts'
import type { AnthropicExtra } from '../format/anthropic-extra.ts'
import type { MessageFacts } from '../format/message-facts.ts'
import { reasonOfEnd } from '../format/stop-reason.ts'
import { deltaOf, startedBlock } from './content-blocks.ts'
import { MessageAnswer } from './message-answer.ts'

const PING = 'event: ping\ndata: {"type":"ping"}\n\n'

/** Writes one reading of a stream as events of Anthropic's messages over SSE. */
export class MessageEncoder implements Encoder {
  readonly #facts: MessageFacts
  readonly #ids: boolean
  #answer!: MessageAnswer
  #streamId = ''
  #out = ''
  /** What stands before a piece of the open text; empty while none is open. */
  #plain = ''

  constructor(facts: MessageFacts, ids: boolean) {
    this.#facts = facts
    this.#ids = ids
  }

  open(start: EncoderStart): string {
    this.#streamId = start.opened.id
    this.#answer = new MessageAnswer(this.#facts, start.opened.id)
    for (const { event } of pastOf(start)) this.#answer.take(event)
    // With ids a comment is part of the next block: some decoders take a blank line for an event, once they have an id.
    this.#out = this.#ids ? ': open\n' : ': open\n\n'
    if (start.mode === 'middle' && this.#answer.started) this.#prelude()
    // Nothing of it is said again.
    this.#answer.blocks.keepOnly(() => false)
    return this.#take()
  }

  encode(chunk: readonly Entry[]): string {
    for (const { event, epoch, seq, withheld } of chunk) {
      const { length } = this.#out
      if (this.#plain !== '' && isPlainText(event) && event.text !== '') {
        this.#answer.blocks.extend(event.text)
        this.#out += `${this.#plain}${jsonLine(event.text)}}}\n\n`
      } else this.#event(event)
      // An id without data would be an event to decoders that never forget an id.
      if (this.#ids && !withheld && this.#out.length > length) {
        this.#out = `${this.#out.slice(0, -1)}id: ${this.#streamId}.${epoch}.${seq}\n\n`
      }
    }
    return this.#take()
  }

  closed({ code }: Closed): string {
    const way = this.#ids ? 'ask again with the last event id' : 'it can be read again where Content-Location says'
    const message = `This reading is over (${code}), the answer perhaps not: ${way}.`
    this.#write({ ...toAnthropicError({ code, message, status: code === 'unauthorized' ? 401 : 503 }) })
    return this.#take()
  }

  heartbeat(): string {
    return PING
  }

  /** What a client that begins here cannot do without: the blocks so far, and the open one opened again. */
  #prelude(): void {
    const { all, open } = this.#answer.blocks
    const isLast = open !== undefined && open === all.at(-1) && open.kind !== 'other'
    this.#write({ type: 'message_start', message: this.#answer.begun(isLast ? all.slice(0, -1) : all) })
    if (!isLast) return
    this.#start(open)
    // Half of a call's arguments are of no use to anybody.
    if (open.kind === 'tool' && textOf(open) !== '') this.#delta(open, deltaOf(open, textOf(open)))
  }

  #event(event: StreamEvent): void {
    const { starts, blocks, extra } = this.#answer.take(event)
    if (starts && !isCut(event)) this.#write({ type: 'message_start', message: this.#answer.begun([]) })
    if (blocks) this.#block(blocks)
    if (extra?.piece) this.#otherPiece(extra)
    if (event.type === 'end') this.#end(event)
  }

  #block({ closed, block, begins, text, extra }: BlockStep): void {
    if (closed) this.#stop(closed)
    if (!block) return
    if (begins) this.#start(block)
    if (text !== '') this.#delta(block, deltaOf(block, text))
    const { citation, signature } = (extra ?? {}) as AnthropicExtra
    if (citation !== undefined) this.#delta(block, { type: 'citations_delta', citation })
    if (signature !== undefined) this.#delta(block, { type: 'signature_delta', signature })
    this.#plain = block.kind === 'text' ? plainOf(block) : ''
  }

  #otherPiece({ piece }: AnthropicExtra): void {
    const { open } = this.#answer.blocks
    if (open?.kind === 'other') this.#delta(open, piece!)
  }

  #end(end: EndEvent): void {
    if (reasonOfEnd(end) === undefined) return this.#write({ ...toAnthropicError(toCutError(end)) })
    const { blocks, usage, end: delta } = this.#answer
    if (blocks.open) this.#stop(blocks.open)
    this.#write({ type: 'message_delta', delta, usage })
    this.#write({ type: 'message_stop' })
  }

  #start(block: Block): void {
    this.#write({ type: 'content_block_start', index: block.index, content_block: startedBlock(block) })
  }

  #delta({ index }: Block, delta: JsonObject): void {
    this.#write({ type: 'content_block_delta', index, delta })
  }

  #stop({ index }: Block): void {
    this.#plain = ''
    this.#write({ type: 'content_block_stop', index })
  }

  #write(event: JsonObject): void {
    this.#out += `event: ${event.type as string}\ndata: ${jsonLine(event)}\n\n`
  }

  #take(): string {
    const out = this.#out
    this.#out = ''
    return out
  }
}

function plainOf({ index }: Block): string {
  const type = 'content_block_delta'
  return `event: ${type}\ndata: {"type":"${type}","index":${index},"delta":{"type":"text_delta","text":`
}

/** An answer that was cut before it began is an error, and no message. */
function isCut(event: StreamEvent): boolean {
  return event.type === 'end' && reasonOfEnd(event) === undefined
}
