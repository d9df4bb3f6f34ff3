import {
  type Closed,
  type Encoder,
  type EncoderStart,
  type Entry,
  formatCursor,
  nativeMembers,
  type Wire,
} from '@sluice/core/extend'

/**
 * Sluice's own events as lines of JSON, each with its type and the cursor after it: what a long-poll is answered with, and what
 * a script reads line by line. A heartbeat is an empty line.
 *
 *     {"type":"text","cursor":"6qf3….1.12","text":"Hello wor"}
 */
export const linesWire: Wire = {
  name: 'ndjson',
  contentType: 'application/x-ndjson',
  resumable: true,
  create: () => new LinesEncoder(),
}

class LinesEncoder implements Encoder {
  #streamId = ''

  /** The head of the answer says which stream this is. */
  open({ opened: { id } }: EncoderStart): string {
    this.#streamId = id
    return ''
  }

  encode(chunk: readonly Entry[]): string {
    let out = ''
    for (const { event, epoch, seq, withheld } of chunk) {
      const place = withheld ? '' : `,"cursor":"${formatCursor(this.#streamId, epoch, seq)}"`
      const members = nativeMembers(event)
      out += `{"type":"${event.type}"${place}${members === '' ? '' : `,${members}`}}\n`
    }
    return out
  }

  closed({ code, cursor }: Closed): string {
    return `${JSON.stringify({ type: 'closed', code, cursor })}\n`
  }

  heartbeat(): string {
    return '\n'
  }
}
