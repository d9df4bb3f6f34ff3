/** One frame of a client, masked. `length` may lie about the payload. */
export interface RawFrame {
  opcode: number
  payload?: string | Uint8Array
  fin?: boolean
  rsv1?: boolean
  masked?: boolean
  length?: number
}

/** As it travels. */
export function toFrame({ opcode, payload = '', fin = true, rsv1 = false, masked = true, length }: RawFrame): Buffer {
  const bytes = Buffer.from(payload)
  const claimed = length ?? bytes.length
  const head = Buffer.alloc(14)
  head[0] = (fin ? 0x80 : 0) | (rsv1 ? 0x40 : 0) | opcode
  let size = 2
  if (claimed < 126) head[1] = claimed
  else if (claimed < 0x1_0000) {
    head[1] = 126
    size = 2 + head.writeUInt16BE(claimed, 2) - 2
  } else {
    head[1] = 127
    size = head.writeBigUInt64BE(BigInt(claimed), 2)
  }
  if (!masked) return Buffer.concat([head.subarray(0, size), bytes])
  head[1]! |= 0x80
  // A mask of zeros leaves the payload as it is.
  return Buffer.concat([head.subarray(0, size + 4), bytes])
}
