import type { DecodedMessage, LineReader } from './decoder.ts'
import { fieldOf } from './fields.ts'

/** Gathers the fields of a block; what becomes of them at its blank line is what decoders differ in. */
export abstract class BlockReader implements LineReader {
  lastEventId = ''
  protected event = ''
  protected data: string[] = []
  /** The id of this block; `undefined` where it has none. */
  protected id: string | undefined

  line(line: string): DecodedMessage | undefined {
    if (line === '') return this.blank()
    const { name, value } = fieldOf(line)
    if (name === 'event') this.event = value
    else if (name === 'data') this.data.push(value)
    else this.other(name, value)
    return undefined
  }

  /** The block is over: gives its message, if it makes one, and begins the next. */
  protected blank(): DecodedMessage | undefined {
    const message = this.dispatch()
    this.event = ''
    this.data = []
    this.id = undefined
    return message
  }

  /** The message of the block, if it makes one. */
  protected abstract dispatch(): DecodedMessage | undefined

  /** Any field but these two. Default: an id, as the standard reads it. */
  protected other(name: string, value: string): void {
    if (name === 'id' && !value.includes('\0')) this.id = value
  }

  protected message(id: string): DecodedMessage {
    return { event: this.event, data: this.data.join('\n'), id }
  }
}

/** For those who know data and event alone, and pass over a block that has neither. */
export class TypedDataReader extends BlockReader {
  protected dispatch(): DecodedMessage | undefined {
    return this.event === '' && this.data.length === 0 ? undefined : this.message('')
  }
}
