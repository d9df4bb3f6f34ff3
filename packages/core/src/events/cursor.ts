import { SluiceError } from './errors.ts'

/** Position in a stream: everything up to `seq`, as written in `epoch`, is known. Readers see it as one opaque string. */
export interface Cursor {
  streamId: string
  epoch: number
  seq: number
}

const MAX_CURSOR_LENGTH = 256
const ID_ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const ID_LENGTH = 26

/** A new stream id: 130 random bits. Unguessable, and still no authority. */
export function createStreamId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(ID_LENGTH))
  // In one piece: a string that was put together from 26 would hold on to all of them.
  return String.fromCharCode(...bytes.map((byte) => ID_ALPHABET.charCodeAt(byte & 31)))
}

/** The text form of a cursor: `<streamId>.<epoch>.<seq>`. */
export function formatCursor(streamId: string, epoch: number, seq: number): string {
  return `${streamId}.${epoch}.${seq}`
}

/**
 * Reads a cursor, or a bare stream id (then `epoch` and `seq` are 0).
 *
 * @throws SluiceError `SLUICE_ERR_CURSOR_MALFORMED`
 */
export function parseCursor(text: string): Cursor {
  if (text.length > MAX_CURSOR_LENGTH) throw malformed(`longer than ${MAX_CURSOR_LENGTH} characters`)
  const first = text.indexOf('.')
  const streamId = first === -1 ? text : text.slice(0, first)
  if (!isStreamId(streamId)) throw malformed('the part before the first dot is no stream id')
  if (first === -1) return { streamId, epoch: 0, seq: 0 }
  const second = text.indexOf('.', first + 1)
  if (second === -1) throw malformed('it has one dot; two were expected')
  return {
    streamId,
    epoch: parsePosition(text.slice(first + 1, second)),
    seq: parsePosition(text.slice(second + 1)),
  }
}

/** Whether `text` could be a stream id: 1 to 64 letters, digits, `_` or `-`. */
export function isStreamId(text: string): boolean {
  if (text.length === 0 || text.length > 64) return false
  for (let index = 0; index < text.length; index++) if (!isIdUnit(text.charCodeAt(index))) return false
  return true
}

function isIdUnit(unit: number): boolean {
  return (
    (unit >= 48 && unit <= 57) ||
    (unit >= 97 && unit <= 122) ||
    (unit >= 65 && unit <= 90) ||
    unit === 95 ||
    unit === 45
  )
}

function parsePosition(digits: string): number {
  if (digits.length === 0 || digits.length > 16) throw malformed('epoch and seq must be 1 to 16 digits')
  for (let index = 0; index < digits.length; index++) {
    const unit = digits.charCodeAt(index)
    if (unit < 48 || unit > 57) throw malformed('epoch and seq must be digits')
  }
  if (digits.length > 1 && digits.startsWith('0')) throw malformed('epoch and seq have no leading zeros')
  const value = Number(digits)
  if (!Number.isSafeInteger(value)) throw malformed('epoch and seq must be below 2^53')
  return value
}

function malformed(rule: string): SluiceError {
  return new SluiceError(
    'SLUICE_ERR_CURSOR_MALFORMED',
    `The cursor is malformed: ${rule}. Send back one that a reader was given.`,
  )
}
