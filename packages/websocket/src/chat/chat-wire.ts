import type { Closed, Encoder, EncoderStart, Entry, Wire, WireBytes } from '@sluice/core/extend'

const DATA = 'data: '
const DONE = `${DATA}[DONE]`

/** One answer on a socket that carries several. */
export interface ChatAnswer {
  readonly requestId: string
  /** Whether its client came back for it, and is told first that there is something to read. */
  readonly isResumed: boolean
  readonly onOpened: () => void
}

/** `wire`, which writes the parts of a UI message over SSE, as frames: one a line, which the sink sends as a message each. */
export function chatWire(wire: Wire, answer: ChatAnswer): Wire {
  return {
    ...wire,
    contentType: 'application/json',
    create: (facts) => new ChatEncoder(wire.create(facts, { ids: false }), answer),
  }
}

class ChatEncoder implements Encoder {
  readonly #parts: Encoder
  readonly #answer: ChatAnswer
  /** `"requestId":"…"` */
  readonly #request: string
  #sequence = 0

  constructor(parts: Encoder, answer: ChatAnswer) {
    this.#parts = parts
    this.#answer = answer
    this.#request = `"requestId":${JSON.stringify(answer.requestId)}`
  }

  open(start: EncoderStart): string {
    this.#answer.onOpened()
    const first = this.#answer.isResumed ? [`{"type":"start",${this.#request}}`] : []
    return [...first, ...this.#framesOf(this.#parts.open(start))].join('\n')
  }

  encode(chunk: readonly Entry[]): string {
    const frames = this.#framesOf(this.#parts.encode(chunk))
    // What failed or was cut has said so in a part of its own by now.
    if (chunk.at(-1)?.event.type === 'end') frames.push(`{"type":"end",${this.#request}}`)
    return frames.join('\n')
  }

  closed({ code }: Closed): string {
    return closedFrame(this.#answer.requestId, code)
  }

  heartbeat(): string {
    return ''
  }

  #framesOf(bytes: WireBytes): string[] {
    const frames: string[] = []
    for (const line of String(bytes).split('\n')) {
      if (!line.startsWith(DATA) || line === DONE) continue
      frames.push(`{"type":"chunk",${this.#request},"sequence":${this.#sequence++},"chunk":${line.slice(DATA.length)}}`)
    }
    return frames
  }
}

/** That a reading is over, for a reason of its own. */
export function closedFrame(requestId: string, code: string): string {
  return errorFrame(requestId, `This reading is over (${code}), the answer perhaps not: read it again.`)
}

export function errorFrame(requestId: string, errorText: string): string {
  return JSON.stringify({ type: 'error', requestId, errorText })
}
