import {
  type Closed,
  type Encoder,
  type EncoderStart,
  type Entry,
  formatCursor,
  isPlainText,
  jsonLine,
  nativeMembers,
  type Wire,
} from '@sluice/core/extend'

import { assertSseName, formatSseEvent } from './field.ts'

/** How long a client waits before it resumes, in milliseconds. */
const RETRY_MS = 1000
/** The same before a planned reconnect: whoever takes over is ready. */
const ROTATE_RETRY_MS = 100

/**
 * Sluice's own wire over SSE: one SSE event per merged event, with the cursor after it as `id:`, its type as `event:` and
 * JSON of the rest as `data:`. A plain `EventSource` reads and resumes it: ids are written whether or not they are asked for.
 *
 * @example
 * ```ts
 * const encoder = nativeSse.create({}, { ids: true })
 * response.write(encoder.open(start))
 * response.write(encoder.encode(chunk)) // id: 6qf3….1.12\nevent: text\ndata: {"text":"Hello wor"}\n\n
 * ```
 */
export const nativeSse: Wire = {
  name: 'native',
  contentType: 'text/event-stream; charset=utf-8',
  resumable: true,
  create: () => new NativeEncoder(),
}

class NativeEncoder implements Encoder {
  #streamId = ''
  #epoch = -1
  #idPrefix = ''
  /** The place that the last event had as its id; -1 where it had none, or there was no event yet. */
  #saidEpoch = -1
  #saidSeq = -1

  open({ opened: { id, cursor, meta } }: EncoderStart): string {
    this.#streamId = assertSseName('id', id)
    return formatSseEvent({ retry: RETRY_MS, event: 'opened', data: jsonLine({ id, cursor, meta }) })
  }

  encode(chunk: readonly Entry[]): string {
    let out = ''
    for (const entry of chunk) out += this.#block(entry)
    const last = chunk.at(-1)
    if (last) {
      this.#saidEpoch = last.epoch
      this.#saidSeq = last.withheld ? -1 : last.seq
    }
    return out
  }

  closed({ code, cursor }: Closed): string {
    const data = JSON.stringify({ code, cursor })
    if (code !== 'rotate') return formatSseEvent({ event: 'closed', data })
    const place = this.#hasSaid(cursor) ? '' : formatSseEvent({ id: cursor })
    return place + formatSseEvent({ retry: ROTATE_RETRY_MS, event: 'closed', data })
  }

  /** A part of the next block: to many decoders a blank line is an event, once they have an id. */
  heartbeat(): string {
    return ':\n'
  }

  /**
   * Whether the last event said `cursor`. Otherwise a block of its own does, which is no event: by the standard an answer that
   * says no id takes away the last one, and who was given none yet comes back to where it was, not to where it first asked. To
   * decoders that never forget an id it is an event without data.
   */
  #hasSaid(cursor: string | undefined): boolean {
    return this.#saidSeq >= 0 && cursor === formatCursor(this.#streamId, this.#saidEpoch, this.#saidSeq)
  }

  #block(entry: Entry): string {
    const { event, epoch, seq, withheld } = entry
    switch (event.type) {
      case 'text':
        if (!isPlainText(event) || withheld) return formatEntry(this.#streamId, entry)
        if (epoch !== this.#epoch) this.#enterEpoch(epoch)
        return `${this.#idPrefix}${seq}\nevent: text\ndata: {${nativeMembers(event)}}\n\n`
      case 'reasoning':
      case 'refusal':
      case 'tool':
      case 'data':
      case 'usage':
      case 'finish':
      case 'end':
        return formatEntry(this.#streamId, entry)
      default:
        event satisfies never
        // Clients pass over a type that they do not know.
        return formatEntry(this.#streamId, entry)
    }
  }

  #enterEpoch(epoch: number): void {
    this.#epoch = epoch
    // Joined, not added up: a string that is made of strings is kept as them, and gone over for each event.
    this.#idPrefix = ['id: ', this.#streamId, '.', epoch, '.'].join('')
  }
}

function formatEntry(streamId: string, { event, epoch, seq, withheld }: Entry): string {
  const id = withheld ? undefined : formatCursor(streamId, epoch, seq)
  return formatSseEvent({ id, event: event.type, data: `{${nativeMembers(event)}}` })
}
