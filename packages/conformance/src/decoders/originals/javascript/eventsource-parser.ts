import { BlockReader } from '../../rig/block-reader.ts'
import { dropMarks } from '../../rig/byte-order-mark.ts'
import { byteLines } from '../../rig/byte-lines.ts'
import { decodeLines, type DecodedMessage, type SseDecoder } from '../../rig/decoder.ts'

/** By the standard, but that a message has an id only where its own block has one. A `TextDecoder` before it and the parser drop a mark each. */
export const eventSourceParser: SseDecoder = {
  name: 'eventsource-parser',
  original: '`eventsource-parser` of npm (checked: 4), and what is built on it: AI SDK, MCP',
  ids: true,
  begin: () => dropMarks(decodeLines(byteLines(), new Reader()), 2),
}

class Reader extends BlockReader {
  protected dispatch(): DecodedMessage | undefined {
    this.lastEventId = this.id ?? this.lastEventId
    return this.data.length > 0 ? this.message(this.id ?? '') : undefined
  }
}
