import { Transform, type TransformCallback } from 'node:stream'

/** Shorter keys are words such as "EMPTY" or "sk-no-key-required", which an answer may well be about. */
const MIN_SECRET_LENGTH = 24
/** In an error they are hidden nevertheless, unless they could be any word. */
const MIN_SECRET_LENGTH_IN_ERRORS = 8

/** Whether `key` is to be hidden in an answer with this status. */
export function isHidden(key: string | undefined, status: number): key is string {
  if (key === undefined) return false
  return key.length >= (status >= 400 ? MIN_SECRET_LENGTH_IN_ERRORS : MIN_SECRET_LENGTH)
}

/** Hides a secret in what a backend says: one that repeats what it was sent would show the gateway's key to its clients. */
export class SecretMask {
  readonly #secret: Buffer
  readonly #text: string
  readonly #mask: Buffer
  /** What could be the secret's beginning, from the end of the last piece. */
  #held: Buffer = Buffer.alloc(0)

  constructor(secret: string) {
    this.#text = secret
    this.#secret = Buffer.from(secret)
    // As long as the secret: the length of a body is known by then.
    this.#mask = Buffer.alloc(this.#secret.length, '*')
  }

  /** The next piece of a body, as far as it can be told. Bytes are held back only where the secret may have begun. */
  push(piece: Uint8Array): Buffer {
    const own = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    const bytes = this.#held.length === 0 ? own : Buffer.concat([this.#held, own])
    for (let at = bytes.indexOf(this.#secret); at >= 0; at = bytes.indexOf(this.#secret, at)) this.#mask.copy(bytes, at)
    const open = this.#openFrom(bytes)
    this.#held = bytes.subarray(open)
    return bytes.subarray(0, open)
  }

  /** What was held back: the body is over. */
  flush(): Buffer {
    const rest = this.#held
    this.#held = Buffer.alloc(0)
    return rest
  }

  inText(text: string): string {
    return text.replaceAll(this.#text, String(this.#mask))
  }

  /** Where the longest end of `bytes` begins that the secret begins with. */
  #openFrom(bytes: Buffer): number {
    const first = this.#secret[0]!
    let at = Math.max(0, bytes.length - this.#secret.length + 1)
    for (at = bytes.indexOf(first, at); at >= 0; at = bytes.indexOf(first, at + 1)) {
      if (bytes.subarray(at).equals(this.#secret.subarray(0, bytes.length - at))) return at
    }
    return bytes.length
  }
}

/** The same as a stream. */
export class MaskStream extends Transform {
  readonly #mask: SecretMask

  constructor(secret: string) {
    super()
    this.#mask = new SecretMask(secret)
  }

  override _transform(piece: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    done(null, this.#mask.push(piece))
  }

  override _flush(done: TransformCallback): void {
    done(null, this.#mask.flush())
  }
}
