/** A message as a decoder gives it to the application behind it. */
export interface DecodedMessage {
  /** Its type as the decoder says it; empty where it says none. */
  readonly event: string
  readonly data: string
  /** The id that comes with it; empty where there is none. */
  readonly id: string
}

/** One stream that is being decoded. Whatever it throws is an error that the application sees. */
export interface SseDecoding {
  /** Takes the next bytes, cut anywhere, and gives the messages that are complete with them. */
  push(piece: Uint8Array): readonly DecodedMessage[]
  /** The body has ended without an error: gives what was held back, if the original does. */
  end(): readonly DecodedMessage[]
  /** The id that its application would come back with now; empty for none. */
  readonly lastEventId: string
}

/** A decoder of server-sent events that people use, made anew from what the original does. */
export interface SseDecoder {
  readonly name: string
  /** Which packages, in which versions, it stands for. */
  readonly original: string
  /** Whether the application is told ids, so that it can come back with one. */
  readonly ids: boolean
  /** Begins with a new response. */
  begin(): SseDecoding
}

/** Makes lines of bytes. */
export interface LineSplitter {
  push(piece: Uint8Array): readonly string[]
  /** What was not ended by a line end, for those that take it for a line. */
  end(): readonly string[]
}

/** Makes messages of lines. */
export interface LineReader {
  readonly lastEventId: string
  line(line: string): DecodedMessage | undefined
  /** What was not ended by a blank line, for those that give it to the application all the same. */
  end?(): DecodedMessage | undefined
}

/** Decodes by lines, as most do. */
export function decodeLines(splitter: LineSplitter, reader: LineReader): SseDecoding {
  const read = (lines: readonly string[]): DecodedMessage[] =>
    lines.map((line) => reader.line(line)).filter((message) => message !== undefined)
  return {
    push: (piece) => read(splitter.push(piece)),
    end() {
      const messages = read(splitter.end())
      const last = reader.end?.()
      return last ? [...messages, last] : messages
    },
    get lastEventId() {
      return reader.lastEventId
    },
  }
}
