import { decodeLine } from '../../rig/byte-lines.ts'
import { joinBytes } from '@sluice/core/extend'

import type { DecodedMessage, SseDecoder, SseDecoding } from '../../rig/decoder.ts'
import { SCANNER_BYTES } from './go-scanner.ts'

/**
 * Cuts blocks at blank lines; one must fit into 64 KiB. Once it has an id, a block without data is a message too. What
 * stands after the last blank line is a block all the same.
 */
export const r3labsSse: SseDecoder = {
  name: 'r3labs/sse',
  original: '`github.com/r3labs/sse` 2',
  ids: true,
  begin: () => new Blocks(),
}

const BLANK = /\r\n\r\n|\r\n\n|\n\r\n|\n\n|\r\r/
const LF = 10
const CR = 13

class Blocks implements SseDecoding {
  lastEventId = ''
  #begun: Uint8Array = new Uint8Array()

  push(piece: Uint8Array): DecodedMessage[] {
    const messages: DecodedMessage[] = []
    let block = joinBytes([this.#begun, piece])
    for (let end = endOf(block); end; end = endOf(block)) {
      this.#give(block.subarray(0, end.at), messages)
      block = block.subarray(end.next)
    }
    if (block.length >= SCANNER_BYTES) throw new Error('bufio.Scanner: token too long')
    this.#begun = block
    return messages
  }

  end(): DecodedMessage[] {
    const messages: DecodedMessage[] = []
    this.#give(this.#begun, messages)
    return messages
  }

  #give(block: Uint8Array, messages: DecodedMessage[]): void {
    const { id, event, data, retry } = fieldsOf(decodeLine(block))
    if (block.length === 0) return
    if (id !== '') this.lastEventId = id
    const message = { event, data: data.replace(/\n$/, ''), id: this.lastEventId }
    if (message.id !== '' || data !== '' || event !== '' || retry !== '') messages.push(message)
  }
}

/** Where the first blank line begins, and what follows it. */
function endOf(block: Uint8Array): { at: number; next: number } | undefined {
  for (let at = 0; at < block.length; at++) {
    if (block[at] !== LF && block[at] !== CR) continue
    const blank = BLANK.exec(String.fromCharCode(...block.subarray(at, at + 4)))
    if (blank?.index === 0) return { at, next: at + blank[0].length }
  }
  return undefined
}

function fieldsOf(block: string): { id: string; event: string; data: string; retry: string } {
  const fields = { id: '', event: '', data: '', retry: '' }
  for (const line of block.split(/[\r\n]/)) {
    const [, name, value = ''] = /^(id|event|retry|data):? ?(.*)$/s.exec(line) ?? []
    if (name === 'data') fields.data += `${value}\n`
    else if (name === 'id' || name === 'event' || name === 'retry') fields[name] = value
  }
  return fields
}
