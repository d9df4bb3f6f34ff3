import { byteLines } from '../../rig/byte-lines.ts'
import { decodeLines, type DecodedMessage, type LineReader, type SseDecoder } from '../../rig/decoder.ts'

/**
 * Gives a message for every blank line, data or not, and comes back after an id as soon as its line has come, whether or not
 * its message was complete. A line without a colon is passed over, and so is a first line of data that is empty.
 */
export const fetchEventSource: SseDecoder = {
  name: 'fetch-event-source',
  original: '`@microsoft/fetch-event-source` 2 of npm',
  ids: true,
  begin: () => decodeLines(byteLines({ decode: decodeField }), new Reader()),
}

const latin1 = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
const utf8 = new TextDecoder()

/** Keeps the bytes of a line until its parts are known: each part is decoded by itself, and may begin with a mark that is dropped. */
function decodeField(line: Uint8Array): string {
  const colon = line.indexOf(58)
  if (line.length === 0 || colon <= 0) return latin1(line)
  const value = line.subarray(line[colon + 1] === 32 ? colon + 2 : colon + 1)
  return `${utf8.decode(line.subarray(0, colon))}:${utf8.decode(value)}`
}

class Reader implements LineReader {
  lastEventId = ''
  #message = { event: '', data: '', id: '' }

  line(line: string): DecodedMessage | undefined {
    const message = this.#message
    if (line === '') {
      this.#message = { event: '', data: '', id: '' }
      return message
    }
    const colon = line.indexOf(':')
    if (colon <= 0) return undefined
    const name = line.slice(0, colon)
    const value = line.slice(colon + 1)
    if (name === 'data') message.data = message.data === '' ? value : `${message.data}\n${value}`
    else if (name === 'event') message.event = value
    else if (name === 'id') this.lastEventId = message.id = value
    return undefined
  }
}
