import { SluiceError } from '@sluice/core'
import {
  type ArrivingBody,
  type Bodies,
  DEFAULT_JSON_LIMITS,
  GatheredBytes,
  type JsonLimits,
  JsonScan,
  readLongJson,
  requireInteger,
} from '@sluice/core/extend'

/** Largest body of a request, in bytes. */
export const DEFAULT_MAX_BODY_BYTES: number = 1024 * 1024

const SUBJECT = 'The body'

/** A body: its value, and the JSON it was parsed from, in UTF-8. */
export interface ReadBody {
  readonly value: unknown
  readonly bytes: Uint8Array
}

/**
 * A JSON body that is being received: counted among all that are, looked at piece by piece, given up as soon as it is too long,
 * too deep, of too much, or too slow.
 */
export class IncomingBody {
  /** Rejects when the body has to be given up. */
  readonly refused: Promise<never>
  readonly #maxBytes: number
  readonly #limits: JsonLimits
  readonly #scan: JsonScan
  readonly #arriving: ArrivingBody | undefined
  readonly #refuse: (error: unknown) => void
  readonly #gathered: GatheredBytes = new GatheredBytes()

  /** Without `bodies` nothing is counted, and it may take its time. @throws SluiceError `SLUICE_ERR_OPTION` */
  constructor(maxBytes: number, bodies: Bodies | undefined) {
    // What is no number would be no limit.
    requireInteger('maxBodyBytes', maxBytes, 1, Number.MAX_SAFE_INTEGER)
    const { promise, reject } = Promise.withResolvers<never>()
    // Nobody may be waiting for it.
    promise.catch(() => {})
    this.refused = promise
    this.#refuse = (error) => {
      this.#gathered.clear()
      reject(error)
    }
    this.#maxBytes = maxBytes
    this.#limits = bodies?.options ?? DEFAULT_JSON_LIMITS
    this.#scan = new JsonScan(SUBJECT, this.#limits)
    this.#arriving = bodies?.open(this.#refuse)
  }

  /** Takes the next piece; false once the body is refused. */
  push(chunk: Uint8Array): boolean {
    try {
      if (this.#gathered.length + chunk.byteLength > this.#maxBytes) throw tooLarge(this.#maxBytes)
      if (this.#arriving?.take(chunk.byteLength) === false) return false
      this.#scan.push(chunk)
    } catch (error) {
      this.#refuse(error)
      return false
    }
    this.#gathered.push(chunk)
    return true
  }

  /** What the body was, once it is there. A long one is parsed in slices. @throws SluiceError `SLUICE_ERR_REQUEST` */
  async read(): Promise<ReadBody> {
    const bytes = this.#gathered.take()
    return { value: await readLongJson(bytes, { subject: SUBJECT, limits: this.#limits, scanned: true }), bytes }
  }

  /** It counts no more. Idempotent. */
  close(): void {
    this.#arriving?.close()
  }
}

/** The JSON body that `body` brings. One that is given up is cancelled. */
export async function collectJson(body: ReadableStream<Uint8Array> | null, incoming: IncomingBody): Promise<ReadBody> {
  const reader = body?.getReader()
  try {
    while (reader) {
      const { done, value } = await Promise.race([reader.read().catch(throwCut), incoming.refused])
      if (done) break
      if (!incoming.push(value)) await incoming.refused
    }
    return await Promise.race([incoming.read(), incoming.refused])
  } catch (error) {
    // It may have failed by itself already.
    reader?.cancel(error).catch(() => {})
    throw error
  } finally {
    incoming.close()
  }
}

/** What is said of a body that ends before it is whole. */
export function cut(): SluiceError {
  return new SluiceError('SLUICE_ERR_REQUEST', 'The body was cut.')
}

function throwCut(): never {
  throw cut()
}

export function tooLarge(maxBytes: number): SluiceError {
  return new SluiceError(
    'SLUICE_ERR_TOO_LARGE',
    `The body is longer than the ${maxBytes} bytes that maxBodyBytes allows.`,
  )
}

/** The application has read the body, and it cannot be read twice. Told to whoever asks: it is a mistake that is seen at once. */
export function alreadyRead(found: string): SluiceError {
  const message = `The body was read before it got here, and ${found}; let the body be, or put "body" into what toHttpRequest gives.`
  return new SluiceError('SLUICE_ERR_REQUEST', message, { status: 500 })
}

/** Bodies come as they are: what is compressed could be anything in size. */
export function requireUnencoded(encoding: string | undefined): void {
  if (encoding === undefined || encoding === '' || encoding.toLowerCase() === 'identity') return
  throw new SluiceError('SLUICE_ERR_REQUEST', 'Send the body without Content-Encoding.', { status: 415 })
}
