import { byteLines } from '../../rig/byte-lines.ts'
import { decodeLines, type SseDecoder } from '../../rig/decoder.ts'
import { PythonFields } from '../../rig/python-fields.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads bytes by lines; what it gives is parsed as JSON, whatever it is. Its application is told no ids. */
export const openAiPython: SseDecoder = {
  name: 'openai-python',
  original: '`openai` 1.17 to 3.3, `anthropic` and other SDKs of PyPI that Stainless generated',
  ids: false,
  begin: () => decodeLines(byteLines({ decode: (line) => utf8.decode(line), flushes: true }), new PythonFields()),
}
