import { byteLines } from '../../rig/byte-lines.ts'
import { decodeLines, type DecodedMessage, type LineReader, type SseDecoder } from '../../rig/decoder.ts'

/** Lines without data that may follow each other, blank ones included: `EmptyMessagesLimit` by default. */
const MAX_EMPTY = 300

const DATA = /^data:[\t\n\f\r ]*/
const ERROR = /^data:[\t\n\f\r ]*\{"error":/

/** Reads lines of any length; an error is given once the line after it has come. Gives up after 300 lines without data. */
export const goOpenAi: SseDecoder = {
  name: 'go-openai',
  original: '`github.com/sashabaranov/go-openai` 1',
  ids: false,
  begin: () => decodeLines(byteLines({ onlyLf: true }), new Reader()),
}

class Reader implements LineReader {
  readonly lastEventId = ''
  #empty = 0
  #error: string | undefined

  line(text: string): DecodedMessage | undefined {
    const error = this.#error
    this.#error = undefined
    if (error !== undefined) return { event: '', data: error, id: '' }
    const line = text.trim()
    if (DATA.test(line) && !ERROR.test(line)) {
      this.#empty = 0
      return { event: '', data: line.replace(DATA, ''), id: '' }
    }
    if (++this.#empty > MAX_EMPTY) throw new Error('stream has sent too many empty messages')
    if (ERROR.test(line)) this.#error = line.replace(DATA, '')
    return undefined
  }
}
