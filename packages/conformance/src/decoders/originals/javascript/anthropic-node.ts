import { TypedDataReader } from '../../rig/block-reader.ts'
import { byteLines } from '../../rig/byte-lines.ts'
import { decodeLines, type SseDecoder } from '../../rig/decoder.ts'

const utf8 = new TextDecoder()

/** Knows data and event alone. As its `Stream.rawEvents`: its `messages.stream` passes over all that has no `event:` line. */
export const anthropicNode: SseDecoder = {
  name: 'anthropic-node',
  original: '`@anthropic-ai/sdk` of npm (checked: 1)',
  ids: false,
  begin: () => decodeLines(byteLines({ decode: (line) => utf8.decode(line) }), new TypedDataReader()),
}
