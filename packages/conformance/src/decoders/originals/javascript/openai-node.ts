import { TypedDataReader } from '../../rig/block-reader.ts'
import { byteLines } from '../../rig/byte-lines.ts'
import { decodeLines, type DecodedMessage, type SseDecoder } from '../../rig/decoder.ts'

const utf8 = new TextDecoder()

/** Knows data and event alone; what a body that ends was in the middle of is given all the same. */
export const openAiNode: SseDecoder = {
  name: 'openai-node',
  original: '`openai` of npm (checked: 7)',
  ids: false,
  begin: () => decodeLines(byteLines({ decode: (line) => utf8.decode(line), flushes: true }), new Reader()),
}

class Reader extends TypedDataReader {
  end(): DecodedMessage | undefined {
    return this.blank()
  }
}
