import { isSluiceError } from '@sluice/core'
import { createSseParser, type SseParser } from '@sluice/sse'
import type { BackendErrors } from './error/backend-error.ts'
import type { ResolvedAnswerLimits } from './answer-limits.ts'
import { type AnswerReader, isDone } from './answer-reader.ts'

/** What the body of an answer is read with. */
export interface AnswerBodyParts {
  readonly reader: AnswerReader
  readonly errors: BackendErrors
  readonly limits: Pick<ResolvedAnswerLimits, 'maxChunkBytes' | 'maxCompletionBytes'>
  /** What the answer calls itself. */
  readonly mediaType: string
}

/** So much of a body is kept, until it holds an answer, to be told in case it never does. */
const MAX_HEAD_BYTES = 4096
/** A page is not read further than this: it is no answer. */
const MAX_MARKUP_BYTES = 16 * 1024

/**
 * The body of an answer, fed in pieces. It is an event stream, one piece of JSON, or neither: which, is told by how it
 * begins, whatever the answer calls itself.
 */
export class AnswerBody {
  readonly #parts: AnswerBodyParts
  #kind: 'blank' | 'events' | 'json' | 'markup' = 'blank'
  readonly #parser: SseParser
  /** All of a body that is no event stream; of one that is, its beginning. */
  #pieces: Uint8Array[] = []
  #bytes = 0
  #flushing = false

  constructor(parts: AnswerBodyParts) {
    this.#parts = parts
    const { maxChunkBytes } = parts.limits
    this.#parser = createSseParser({
      onEvent: ({ event, data }) => this.#read(event, data),
      limits: { maxLineChars: maxChunkBytes, maxEventChars: maxChunkBytes },
    })
  }

  /** @throws SluiceError `SLUICE_ERR_BACKEND` when the body reports a failure, or is none of an answer */
  push(piece: Uint8Array): void {
    const bytes = this.#kind === 'blank' ? this.#begin(piece) : piece
    if (bytes.length === 0) return
    switch (this.#kind) {
      case 'blank':
        return
      case 'events':
        return this.#pushEvents(bytes)
      case 'json':
        if (this.#keep(bytes) <= this.#parts.limits.maxCompletionBytes) return
        throw this.#parts.errors.overLimit(
          'a longer answer',
          'maxCompletionBytes',
          this.#parts.limits.maxCompletionBytes,
        )
      case 'markup':
        if (this.#keep(bytes) >= MAX_MARKUP_BYTES) throw this.#noAnswer()
    }
  }

  /** The body has ended. @throws SluiceError `SLUICE_ERR_BACKEND` when that is not all of an answer */
  end(): void {
    const { reader, errors, mediaType } = this.#parts
    const text = this.#text()
    if (this.#kind === 'json') reader.readCompletion(text)
    if (this.#kind === 'events') this.#flush()
    if (!reader.began) throw errors.noAnswer(text, mediaType)
    if (!reader.done) reader.end()
  }

  /** Blank lines, which keep a connection alive, and a byte order mark say nothing. */
  #begin(piece: Uint8Array): Uint8Array {
    const start = piece.findIndex((byte) => !isBlank(byte))
    if (start === -1) return new Uint8Array()
    const first = piece[start]
    this.#kind = first === BRACE || first === BRACKET ? 'json' : first === LESS_THAN ? 'markup' : 'events'
    return piece.subarray(start)
  }

  #pushEvents(bytes: Uint8Array): void {
    const { reader } = this.#parts
    if (reader.began) this.#pieces = []
    else if (this.#bytes < MAX_HEAD_BYTES) this.#keep(bytes.slice(0, MAX_HEAD_BYTES))
    this.#parse(bytes)
    if (reader.done && !reader.began) throw this.#noAnswer()
  }

  /** A last event may lack its blank line, and even the end of its line. */
  #flush(): void {
    this.#flushing = true
    this.#parse('\n\n')
  }

  #read(event: string, data: string): void {
    const { reader, errors } = this.#parts
    // What breaks off is no chunk that is not JSON, but the end of a body that was cut.
    if (this.#flushing && reader.began && reader.isOwn(event) && !isWhole(data)) throw errors.cutChunk()
    reader.read(event, data)
  }

  #parse(piece: Uint8Array | string): void {
    try {
      this.#parser.push(piece)
    } catch (error) {
      if (!isSluiceError(error) || error.code !== 'SLUICE_ERR_PARSE') throw error
      const { errors, limits } = this.#parts
      if (error.message.includes('maxEventLines')) throw errors.noEventStream(error)
      throw errors.overLimit('a longer chunk', 'maxChunkBytes', limits.maxChunkBytes)
    }
  }

  #keep(bytes: Uint8Array): number {
    this.#pieces.push(bytes)
    this.#bytes += bytes.length
    return this.#bytes
  }

  #noAnswer(): Error {
    return this.#parts.errors.noAnswer(this.#text(), this.#parts.mediaType)
  }

  #text(): string {
    const decoder = new TextDecoder()
    return this.#pieces.map((piece) => decoder.decode(piece, { stream: true })).join('') + decoder.decode()
  }
}

const BRACE = 123
const BRACKET = 91
const LESS_THAN = 60

function isWhole(data: string): boolean {
  if (isDone(data) || data.trim() === '') return true
  try {
    JSON.parse(data)
    return true
  } catch {
    return false
  }
}

/** Space, tab, line ends, and the bytes of a byte order mark. */
function isBlank(byte: number): boolean {
  return byte === 32 || byte === 9 || byte === 10 || byte === 13 || byte === 0xef || byte === 0xbb || byte === 0xbf
}
