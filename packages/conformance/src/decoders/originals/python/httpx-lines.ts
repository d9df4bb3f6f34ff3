import { decodeLines, type SseDecoder } from '../../rig/decoder.ts'
import { PythonFields } from '../../rig/python-fields.ts'
import { httpxLines } from '../../rig/python-lines.ts'

/** Reads text by the lines of `str.splitlines`: U+0085, U+2028 and U+2029 end a line, in the middle of JSON too. */
export const httpxIterLines: SseDecoder = {
  name: 'httpx iter_lines',
  original: '`httpx-sse` before 0.4.2 and `openai` 1.0 to 1.16, of PyPI, over `httpx` from 0.24 on',
  ids: true,
  begin: () => decodeLines(httpxLines(), new PythonFields()),
}
