import { SluiceError } from '@sluice/core'
import { joinBytes } from '@sluice/core/extend'

/** Largest body of a request, in bytes. */
export const DEFAULT_MAX_BODY_BYTES: number = 1024 * 1024

/** All bytes of a body. Leaves it where it stands when it is too long. */
export async function collectBody(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.byteLength
    if (length > maxBytes) throw tooLarge(maxBytes)
    chunks.push(chunk)
  }
  return joinBytes(chunks)
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

/**
 * The JSON value that `bytes` hold.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`
 */
export function parseJsonBody(bytes: Uint8Array): unknown {
  return readJsonBody(bytes).value
}

/** The same, with the text that it was written as. */
export function readJsonBody(bytes: Uint8Array): { value: unknown; text: string } {
  if (bytes.byteLength === 0) throw malformed('The body is empty; JSON was expected.')
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return { value: JSON.parse(text), text }
  } catch {
    throw malformed('The body is not JSON.')
  }
}

function malformed(message: string): SluiceError {
  return new SluiceError('SLUICE_ERR_REQUEST', message)
}
