import { BlockReader } from '../../rig/block-reader.ts'
import { byteLines } from '../../rig/byte-lines.ts'
import { decodeLines, type DecodedMessage, type SseDecoder } from '../../rig/decoder.ts'

/** By the standard, but that an id counts only with its data (one without is forgotten), and that one may hold NUL. */
export const okHttp: SseDecoder = {
  name: 'okhttp-sse',
  original: '`com.squareup.okhttp3:okhttp-sse` 4 and 5',
  ids: true,
  begin: () => decodeLines(byteLines(), new Reader()),
}

class Reader extends BlockReader {
  protected dispatch(): DecodedMessage | undefined {
    if (this.data.length === 0) return undefined
    this.lastEventId = this.id ?? this.lastEventId
    return this.message(this.lastEventId)
  }

  protected override other(name: string, value: string): void {
    if (name === 'id') this.id = value
  }
}
