import { type Closed, type Encoder, type EncoderStart, type Entry, isPlainText, jsonLine } from '@sluice/core/extend'
import type { Block } from '../../blocks/answer-blocks.ts'
import { pastOf } from '../../blocks/past-answer.ts'
import type { JsonObject } from '../../json/json-object.ts'
import { idOf, UiParts } from './ui-parts.ts'

const DONE = 'data: [DONE]\n\n'

/** Writes one reading of a stream as parts of a UI message over SSE. */
export class UiMessageEncoder implements Encoder {
  readonly #ids: boolean
  readonly #parts: UiParts = new UiParts()
  #streamId = ''
  #out = ''

  constructor(ids: boolean) {
    this.#ids = ids
  }

  open(start: EncoderStart): string {
    this.#streamId = start.opened.id
    const isNew = start.mode !== 'continue'
    if (isNew) {
      this.#write({ type: 'start', messageId: `msg_${this.#streamId}` })
      this.#write({ type: 'start-step' })
    }
    for (const { event } of pastOf(start)) {
      const parts = this.#parts.take(event)
      if (isNew) for (const part of parts) this.#write(part)
    }
    return this.#take()
  }

  encode(chunk: readonly Entry[]): string {
    for (const { event, epoch, seq, withheld } of chunk) {
      const { length } = this.#out
      const open = this.#parts.openText
      if (open && isPlainText(event) && event.text !== '') {
        this.#parts.extend(event.text)
        this.#out += `${beforeTextOf(open)}${jsonLine(event.text)}}\n\n`
      } else {
        for (const part of this.#parts.take(event)) this.#write(part)
        if (event.type === 'end' && (event.complete || event.reason === 'cancelled')) this.#out += DONE
      }
      // An id without data would be an event to decoders that never forget an id.
      if (this.#ids && !withheld && this.#out.length > length) {
        this.#out = `${this.#out.slice(0, -1)}id: ${this.#streamId}.${epoch}.${seq}\n\n`
      }
    }
    return this.#take()
  }

  closed({ code }: Closed): string {
    this.#write({ type: 'error', errorText: `This reading is over (${code}), the answer perhaps not: read it again.` })
    return this.#take()
  }

  heartbeat(): string {
    return ': keep-alive\n\n'
  }

  #write(part: JsonObject): void {
    this.#out += `data: ${jsonLine(part)}\n\n`
  }

  #take(): string {
    const out = this.#out
    this.#out = ''
    return out
  }
}

function beforeTextOf(block: Block): string {
  return `data: {"type":"text-delta","id":"${idOf(block)}","delta":`
}
