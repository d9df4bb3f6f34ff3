import {
  attach,
  type ClientOptions,
  type ClientStream,
  paint,
  type Painting,
  start,
  type StartOptions,
  type StreamStatus,
} from '@sluice/client'
import type { EndEvent, SluiceError } from '@sluice/core'

import { TextBlocks } from './text-blocks.ts'

/** What a component sees of a stream: a new object once a frame at most, and the same one until then. */
export interface TokenSnapshot {
  /** `idle` before anything was started or found. */
  readonly status: StreamStatus | 'idle'
  /** Paragraphs that do not change any more. */
  readonly blocks: readonly string[]
  /** What follows them, and still grows. */
  readonly tail: string
  readonly end: EndEvent | undefined
  readonly error: SluiceError | undefined
}

/** Options of {@link useTokenStream}. */
export interface TokenStreamOptions extends ClientOptions {
  /**
   * The stream's name. Components with the same one show the same stream, also after they were away; a page that is loaded
   * again finds it, and so does another device of the same owner while the stream runs.
   */
  key?: string | undefined
  /**
   * Where the server has its streams, to look for the key there.
   * @defaultValue '/v1/streams'
   */
  streams?: string | undefined
}

export const IDLE: TokenSnapshot = Object.freeze({
  status: 'idle',
  blocks: Object.freeze([]),
  tail: '',
  end: undefined,
  error: undefined,
})

/** A component that is away for less has only moved: React mounts some twice, and routes change. */
const AWAY_MS = 1_000

/** One stream and what has come of it, apart from any component. It reads while somebody looks. */
export class TokenStore {
  readonly #options: TokenStreamOptions
  readonly #text = new TextBlocks()
  readonly #listeners = new Set<() => void>()
  #snapshot = IDLE
  #stream: ClientStream | undefined
  #painting: Painting | undefined
  #away: ReturnType<typeof setTimeout> | undefined
  #hasLooked = false
  #isPainted = false

  constructor(options: TokenStreamOptions) {
    this.#options = options
  }

  get isUsed(): boolean {
    return this.#listeners.size > 0
  }

  readonly snapshot = (): TokenSnapshot => this.#snapshot

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    clearTimeout(this.#away)
    this.#resume()
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) this.#away = setTimeout(() => this.#stream?.detach(), AWAY_MS)
    }
  }

  /** Starts a stream in place of the one before, which is left. */
  readonly start = (url: string | URL, body?: unknown, options?: StartOptions): ClientStream => {
    const { key } = this.#options
    this.#leave()
    this.#text.clear()
    this.#hasLooked = true
    return this.#read(
      start(url, key === undefined ? body : withKey(body, key), { ...clientOptions(this.#options), ...options }),
    )
  }

  /** Ends the stream for everyone; gives its end, or nothing where there is no stream. */
  readonly stop = async (): Promise<EndEvent | undefined> => this.#stream?.cancel()

  #read(stream: ClientStream): ClientStream {
    this.#stream = stream
    this.#isPainted = false
    const isPresent = (): boolean => this.#stream === stream
    stream.subscribe(() => {
      if (!isPresent()) return
      this.#remember(stream)
      this.#publish()
    })
    this.#painting = paint(stream, (piece) => {
      if (!isPresent()) return
      this.#text.add(piece)
      this.#publish()
    })
    const onOver = (): void => {
      if (!isPresent()) return
      this.#isPainted = true
      this.#publish()
    }
    this.#painting.done.then(onOver, onOver)
    this.#publish()
    return stream
  }

  /** Goes on with the stream that was left, or looks for the one that has this key. */
  #resume(): void {
    const { key, streams } = this.#options
    const options = clientOptions(this.#options)
    const stream = this.#stream
    if (stream?.status === 'ended' && !stream.end && !stream.error && stream.bookmark) {
      // What it has come to before it was left.
      this.#painting?.flush()
      this.#read(attach(stream.bookmark, options))
    }
    if (stream || this.#hasLooked || key === undefined) return
    this.#hasLooked = true
    const url = recall(key)
    this.#read(url === undefined ? attach({ key }, { ...options, streams }) : attach({ url }, options))
  }

  #leave(): void {
    const stream = this.#stream
    this.#stream = undefined
    this.#painting?.stop()
    stream?.detach()
  }

  #remember(stream: ClientStream): void {
    const { key } = this.#options
    if (key === undefined || !stream.bookmark) return
    // A page may have no storage, or none left.
    try {
      sessionStorage.setItem(nameOf(key), stream.bookmark.url)
    } catch {}
  }

  #publish(): void {
    const { status, end, error } = this.#stream!
    const { blocks, tail } = this.#text
    // No stream of that key, or none any more: there is nothing to tell.
    const isGone = error?.code === 'SLUICE_ERR_NOT_FOUND' || error?.code === 'SLUICE_ERR_GONE'
    const isNone = isGone && blocks.length === 0 && tail === ''
    // The end is shown with the last of the text, and not before.
    const over = this.#isPainted ? { status, end, error } : { status: live(status), end: undefined, error: undefined }
    this.#snapshot = isNone ? IDLE : Object.freeze({ ...over, blocks, tail })
    for (const listener of this.#listeners) listener()
  }
}

function live(status: StreamStatus): StreamStatus {
  return status === 'ended' ? 'streaming' : status
}

function recall(key: string): string | undefined {
  try {
    return sessionStorage.getItem(nameOf(key)) ?? undefined
  } catch {
    return undefined
  }
}

const nameOf = (key: string): string => `sluice:${key}`

function clientOptions(options: TokenStreamOptions): ClientOptions {
  return { ...options, key: undefined, streams: undefined } as ClientOptions
}

/** So that it is found by its key; what runs under it is over, for something new was asked. */
function withKey(body: unknown, key: string): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body
  return { ...body, sluice: { key, ifRunning: 'cancel', ...(body as { sluice?: object }).sluice } }
}
