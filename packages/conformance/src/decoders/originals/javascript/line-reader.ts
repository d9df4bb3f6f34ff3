import { byteLines } from '../../rig/byte-lines.ts'
import { dataLines } from '../../rig/data-lines.ts'
import { decodeLines, type SseDecoder } from '../../rig/decoder.ts'

/** Cuts at `\n` and takes every line that begins with data for a message. */
export const lineReader: SseDecoder = {
  name: 'line reader',
  original: "by hand: `for (const line of text.split('\\n')) if (line.startsWith('data: ')) JSON.parse(line.slice(6))`",
  ids: false,
  begin: () => decodeLines(byteLines({ onlyLf: true }), dataLines()),
}
