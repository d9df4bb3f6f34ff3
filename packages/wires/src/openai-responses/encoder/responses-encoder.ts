import type { StreamEvent } from '@sluice/core'
import {
  type Closed,
  type Encoder,
  type EncoderStart,
  type Entry,
  isPlainText,
  jsonLine,
  parseCursor,
} from '@sluice/core/extend'
import type { Block, BlockStep } from '../../blocks/answer-blocks.ts'
import { pastOf } from '../../blocks/past-answer.ts'
import type { JsonObject } from '../../json/json-object.ts'
import { toOpenAiError } from '../../openai/format/errors.ts'
import type { ResponsesExtra } from '../format/responses-extra.ts'
import type { ResponsesFacts } from '../format/responses-facts.ts'
import { closingEvents, deltaEvent, openingEvents, partClosingEvents, partOpeningEvents } from './item-events.ts'
import { ResponseAnswer } from './response-answer.ts'
import { itemIdOf } from './response-items.ts'
import { Sequence } from './sequence.ts'

/** How one reading is written. */
export interface ResponsesEncoderOptions {
  readonly ids: boolean
  /** The reader has everything up to this number, and is not told again what it has. */
  readonly after?: number | undefined
}

/** Writes one reading of a stream as events of the Responses API over SSE. */
export class ResponsesEncoder implements Encoder {
  readonly #facts: ResponsesFacts
  readonly #ids: boolean
  readonly #after: number
  #answer!: ResponseAnswer
  #sequence!: Sequence
  #streamId = ''
  #out = ''
  /** What stands around the number and the text of a piece of the open text; `undefined` while none is open. */
  #plain: { block: Block; head: string; middle: string } | undefined

  constructor(facts: ResponsesFacts, { ids, after = -1 }: ResponsesEncoderOptions) {
    this.#facts = facts
    this.#ids = ids
    this.#after = after
  }

  open(start: EncoderStart): string {
    const { id, cursor } = start.opened
    const { epoch, seq } = parseCursor(cursor)
    this.#streamId = id
    this.#answer = new ResponseAnswer(this.#facts, id)
    for (const { event } of pastOf(start)) this.#answer.take(event)
    this.#sequence = new Sequence(epoch, seq, start.mode === 'middle')
    this.#out = this.#comment('open')
    if (start.mode === 'start') this.#begin([])
    else if (start.mode === 'middle') this.#prelude()
    this.#sequence = start.mode === 'middle' ? new Sequence(epoch, seq) : this.#sequence
    return this.#take()
  }

  encode(chunk: readonly Entry[]): string {
    for (const entry of chunk) {
      const { event, epoch, seq } = entry
      const { length } = this.#out
      const number = Sequence.at(epoch, seq)
      if (this.#plain && isPlainText(event) && event.text !== '') this.#plainText(event.text, number)
      else this.#event(event, number)
      this.#sequence.reach(epoch, seq)
      // An id without data would be an event to decoders that never forget an id.
      if (this.#ids && !entry.withheld && this.#out.length > length) {
        this.#out = `${this.#out.slice(0, -1)}id: ${this.#streamId}.${epoch}.${seq}\n\n`
      }
    }
    return this.#take()
  }

  closed({ code }: Closed): string {
    const way = this.#ids ? 'ask again with the last event id' : 'it can be read again where Content-Location says'
    const message = `This reading is over (${code}), the answer perhaps not: ${way}.`
    const status = code === 'unauthorized' ? 401 : 503
    const { error } = toOpenAiError({ code, message, status })
    const { message: told, code: kind, param } = error
    // The number of what was said last: whoever comes back with it misses nothing.
    this.#write({ type: 'error', sequence_number: this.#sequence.last, code: kind, message: told, param })
    return this.#take()
  }

  heartbeat(): string {
    return this.#comment('keep-alive')
  }

  /** With ids a comment is part of the next block: some decoders take a blank line for an event, once they have an id. */
  #comment(text: string): string {
    return this.#ids ? `: ${text}\n` : `: ${text}\n\n`
  }

  #begin(output: readonly Block[]): void {
    const response = this.#answer.object(output)
    this.#between({ type: 'response.created', response })
    this.#between({ type: 'response.in_progress', response })
  }

  /** What a client that begins here cannot do without: the items so far, and the open one opened again. */
  #prelude(): void {
    const { blocks } = this.#answer
    const { all, open } = blocks
    // An item that is open and stands among others is one of them: an output has no gaps.
    const isLast = open !== undefined && open === all.at(-1) && open.kind !== 'other'
    this.#begin(isLast ? all.slice(0, -1) : all)
    if (isLast) for (const event of openingEvents(open, this.#streamId, true)) this.#between(event)
  }

  #event(event: StreamEvent, number: number): void {
    const { blocks, extra } = this.#answer.take(event)
    if (blocks) this.#block(blocks, number)
    if (extra) this.#extra(extra, number)
    if (event.type === 'end') this.#end(number)
  }

  #block({ closed, block, begins, parts, text, extra }: BlockStep, number: number): void {
    if (closed) this.#close(closed)
    if (!block || block.kind === 'other') return
    if (begins) for (const event of openingEvents(block, this.#streamId)) this.#between(event)
    if (parts) {
      for (const event of partClosingEvents(block, this.#streamId, block.parts.length - 2)) this.#between(event)
      for (const event of partOpeningEvents(block, this.#streamId, block.parts.length - 1)) this.#between(event)
    }
    const own = extra as ResponsesExtra | undefined
    if (text !== '') this.#numbered(deltaEvent(block, this.#streamId, { text, logprobs: own?.logprobs }), number)
    this.#plain = block.kind === 'text' ? this.#plainOf(block) : undefined
  }

  #extra({ annotation, response, added, finished, event }: ResponsesExtra, number: number): void {
    const { blocks } = this.#answer
    if (annotation !== undefined && blocks.open) {
      const annotations = blocks.open.extras.filter((one) => one.annotation !== undefined).length
      this.#numbered(
        {
          type: 'response.output_text.annotation.added',
          item_id: itemIdOf(blocks.open, this.#streamId),
          output_index: blocks.open.index,
          content_index: 0,
          annotation_index: annotations - 1,
          annotation,
        },
        number,
      )
    }
    if (response) this.#numbered({ type: 'response.in_progress', response: this.#answer.object() }, number)
    if (added) this.#ofOther('response.output_item.added', { item: added }, added, number)
    if (event) this.#ofOther(event.type as string, event, { id: event.item_id }, number)
    if (finished) this.#ofOther('response.output_item.done', { item: finished }, finished, number)
  }

  /** What a backend says of an item that we do not model, at the place that the item has here. */
  #ofOther(type: string, members: JsonObject, { id }: JsonObject, number: number): void {
    const output_index = this.#answer.indexOf(id) ?? this.#answer.blocks.all.length - 1
    this.#numbered({ ...members, type, output_index }, number)
  }

  #end(number: number): void {
    const { status, blocks } = this.#answer
    const isWhole = status === 'completed' || status === 'incomplete'
    if (isWhole && blocks.open) this.#close(blocks.open)
    const type = status === 'cancelled' ? 'failed' : status
    this.#numbered({ type: `response.${type}`, response: this.#answer.object() }, number)
  }

  #close(block: Block): void {
    this.#plain = undefined
    for (const event of closingEvents(block, this.#streamId, this.#answer.item(block))) this.#between(event)
  }

  #plainOf(block: Block): { block: Block; head: string; middle: string } {
    const type = 'response.output_text.delta'
    const place = `"item_id":${JSON.stringify(itemIdOf(block, this.#streamId))},"output_index":${block.index},"content_index":0`
    const head = `event: ${type}\ndata: {"type":"${type}","sequence_number":`
    return { block, head, middle: `,${place},"delta":` }
  }

  #plainText(text: string, number: number): void {
    const { head, middle } = this.#plain!
    this.#answer.blocks.extend(text)
    if (number > this.#after) this.#out += `${head}${number}${middle}${jsonLine(text)},"logprobs":[]}\n\n`
  }

  #between(event: JsonObject): void {
    this.#numbered(event, this.#sequence.between())
  }

  #numbered(event: JsonObject, number: number): void {
    if (number <= this.#after) return
    const { type, ...members } = event
    this.#write({ type, sequence_number: number, ...members })
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
