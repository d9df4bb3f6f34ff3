import { BlockReader } from '../../rig/block-reader.ts'
import { dropMarks } from '../../rig/byte-order-mark.ts'
import { byteLines } from '../../rig/byte-lines.ts'
import { decodeLines, type DecodedMessage, type SseDecoder } from '../../rig/decoder.ts'

/** Like an `EventSource`, but that an id waits for the next data before it counts, and that one may hold NUL. */
export const eventSourcePolyfill: SseDecoder = {
  name: 'event-source-polyfill',
  original: "`event-source-polyfill` 1.0 of npm (Yaffle's)",
  ids: true,
  begin: () => dropMarks(decodeLines(byteLines(), new Reader()), 1),
}

class Reader extends BlockReader {
  #lastId = ''

  protected dispatch(): DecodedMessage | undefined {
    if (this.data.length === 0) return undefined
    this.lastEventId = this.#lastId
    if (this.event === '') this.event = 'message'
    return this.message(this.lastEventId)
  }

  protected override other(name: string, value: string): void {
    if (name === 'id') this.#lastId = value
  }
}
