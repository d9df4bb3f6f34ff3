import { BlockReader } from '../../rig/block-reader.ts'
import { byteLines } from '../../rig/byte-lines.ts'
import {
  decodeLines,
  type DecodedMessage,
  type LineReader,
  type SseDecoder,
  type SseDecoding,
} from '../../rig/decoder.ts'
import { SCANNER_BYTES } from './go-scanner.ts'

/** Passes over blocks without data; a line may have 32 MiB. */
export const openAiGo: SseDecoder = {
  name: 'openai-go',
  original: '`github.com/openai/openai-go` from 3.43 on',
  ids: false,
  begin: () => scan(SCANNER_BYTES << 9, new DataReader()),
}

/**
 * Takes every blank line for a message and parses what there is of it as JSON, be it nothing: a comment with a blank line
 * after it ends the stream with `unexpected end of JSON input`. The first versions fail at a line of 64 KiB.
 */
export const earlyOpenAiGo: SseDecoder = {
  name: 'openai-go before 3.43',
  original: '`github.com/openai/openai-go` before 3.43, and other SDKs that Stainless generated for Go',
  ids: false,
  begin: () => scan(SCANNER_BYTES, new BlankReader()),
}

class DataReader extends BlockReader {
  protected dispatch(): DecodedMessage | undefined {
    return this.data.length > 0 ? this.message('') : undefined
  }
}

class BlankReader extends BlockReader {
  protected dispatch(): DecodedMessage {
    return this.message('')
  }
}

function scan(maxBytes: number, reader: LineReader): SseDecoding {
  return decodeLines(byteLines({ onlyLf: true, flushes: true, maxBytes }), reader)
}
