import { BlockReader } from '../../rig/block-reader.ts'
import { dropMarks } from '../../rig/byte-order-mark.ts'
import { byteLines } from '../../rig/byte-lines.ts'
import { decodeLines, type DecodedMessage, type SseDecoder } from '../../rig/decoder.ts'

/** As the HTML standard says: an id lasts until the next one, and counts once its block is over, be there data or not. */
export const eventSource: SseDecoder = {
  name: 'EventSource',
  original: 'the `EventSource` of browsers; `eventsource` of npm',
  ids: true,
  begin: () => dropMarks(decodeLines(byteLines(), new Reader()), 1),
}

class Reader extends BlockReader {
  protected dispatch(): DecodedMessage | undefined {
    this.lastEventId = this.id ?? this.lastEventId
    if (this.event === '') this.event = 'message'
    return this.data.length > 0 ? this.message(this.lastEventId) : undefined
  }
}
