import {
  type Closed,
  type Encoder,
  type EncoderStart,
  type Entry,
  formatCursor,
  isPlainText,
  nativeMembers,
  type Wire,
} from '@sluice/core/extend'

/** Name of the wire, for streams that are started on it. */
export const NATIVE_WS_NAME = 'native-ws'

/**
 * The native events as JSON messages, each with the reading it belongs to. Messages of one write are separated by a line
 * feed, which JSON text never holds; the sink makes a frame of each. Each has its cursor, asked for or not.
 *
 * @example
 * ```ts
 * nativeWs('1').create({}, { ids: true }).encode(chunk) // {"type":"text","stream":"6qf3…","ref":"1","cursor":"6qf3….1.12","text":"Hi"}
 * ```
 */
export function nativeWs(ref: string, onOpened?: () => void): Wire {
  return {
    name: NATIVE_WS_NAME,
    contentType: 'application/json',
    resumable: true,
    create: () => new NativeWsEncoder(ref, onOpened),
  }
}

class NativeWsEncoder implements Encoder {
  readonly #ref: string
  readonly #onOpened: (() => void) | undefined
  #streamId = ''
  /** `"stream":"…","ref":"…"` */
  #reading = ''
  #epoch = -1
  #textPrefix = ''

  constructor(ref: string, onOpened: (() => void) | undefined) {
    this.#ref = ref
    this.#onOpened = onOpened
  }

  open({ opened: { id, cursor, meta } }: EncoderStart): string {
    this.#onOpened?.()
    this.#streamId = id
    this.#reading = JSON.stringify({ stream: id, ref: this.#ref }).slice(1, -1)
    return `{"type":"opened",${this.#reading},"cursor":"${cursor}","meta":${JSON.stringify(meta)}}`
  }

  encode(chunk: readonly Entry[]): string {
    if (chunk.length === 1) return this.#message(chunk[0]!)
    let out = ''
    for (const entry of chunk) out += out === '' ? this.#message(entry) : `\n${this.#message(entry)}`
    return out
  }

  closed({ code, cursor }: Closed): string {
    // It does not know yet of which stream: the session says it.
    if (this.#reading === '') return ''
    const place = cursor === undefined ? '' : `,"cursor":"${cursor}"`
    return `{"type":"closed",${this.#reading},"code":"${code}"${place}}`
  }

  heartbeat(): string {
    return ''
  }

  #message(entry: Entry): string {
    const { event, epoch, seq, withheld } = entry
    switch (event.type) {
      case 'text':
        if (!isPlainText(event) || withheld) return this.#anyMessage(entry)
        if (epoch !== this.#epoch) this.#enterEpoch(epoch)
        return `${this.#textPrefix}${seq}",${nativeMembers(event)}}`
      case 'reasoning':
      case 'refusal':
      case 'tool':
      case 'data':
      case 'usage':
      case 'finish':
      case 'end':
        return this.#anyMessage(entry)
      default:
        event satisfies never
        // Clients pass over a type that they do not know.
        return this.#anyMessage(entry)
    }
  }

  #anyMessage({ event, epoch, seq, withheld }: Entry): string {
    const members = nativeMembers(event)
    const place = withheld ? '' : `,"cursor":"${formatCursor(this.#streamId, epoch, seq)}"`
    return `{"type":"${event.type}",${this.#reading}${place}${members === '' ? '' : ','}${members}}`
  }

  #enterEpoch(epoch: number): void {
    this.#epoch = epoch
    this.#textPrefix = `{"type":"text",${this.#reading},"cursor":"${this.#streamId}.${epoch}.`
  }
}
