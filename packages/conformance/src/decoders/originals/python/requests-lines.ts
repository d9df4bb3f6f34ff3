import { byteLines } from '../../rig/byte-lines.ts'
import { dataLines } from '../../rig/data-lines.ts'
import { decodeLines, type SseDecoder } from '../../rig/decoder.ts'

/** Lines of bytes, as `bytes.splitlines` has them: CR, LF or both. What stands after the last one is a line too. */
export const requestsLines: SseDecoder = {
  name: 'requests iter_lines',
  original: '`for line in response.iter_lines()` of `requests` 2, and `line.startswith(b"data: ")`',
  ids: false,
  begin: () => decodeLines(byteLines({ flushes: true }), dataLines()),
}
