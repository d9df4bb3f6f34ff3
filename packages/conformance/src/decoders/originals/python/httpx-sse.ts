import { byteLines } from '../../rig/byte-lines.ts'
import { decodeLines, type SseDecoder } from '../../rig/decoder.ts'
import { PythonFields } from '../../rig/python-fields.ts'

/** Reads text by lines as the standard has them, and tells ids. */
export const httpxSse: SseDecoder = {
  name: 'httpx-sse',
  original: '`httpx-sse` from 0.4.2 on, of PyPI',
  ids: true,
  begin: () => decodeLines(byteLines({ flushes: true }), new PythonFields()),
}
