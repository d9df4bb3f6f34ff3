/** FIN and the opcode of a text frame. */
const TEXT = 0x81
const SHORT = 126
const LONG = 0x1_0000

const SHORT_HEADS: readonly string[] = Array.from({ length: SHORT }, (_, length) => String.fromCharCode(TEXT, length))

/**
 * One text frame of a server (RFC 6455, 5.2: whole, unmasked, uncompressed), as latin1 text where `text` is ASCII. `ws`
 * sends head and payload as two buffers: beside others in one write, a frame then takes a fifth more CPU.
 */
export function textFrame(text: string): string | Buffer {
  const length = Buffer.byteLength(text)
  const head = headOf(length)
  if (length === text.length) return head + text
  const frame = Buffer.allocUnsafe(head.length + length)
  frame.write(head, 0, 'latin1')
  frame.write(text, head.length)
  return frame
}

function headOf(length: number): string {
  if (length < SHORT) return SHORT_HEADS[length]!
  if (length < LONG) return String.fromCharCode(TEXT, 126, length >> 8, length & 0xff)
  const bytes = Buffer.alloc(10)
  bytes[0] = TEXT
  bytes[1] = 127
  bytes.writeBigUInt64BE(BigInt(length), 2)
  return bytes.toString('latin1')
}
