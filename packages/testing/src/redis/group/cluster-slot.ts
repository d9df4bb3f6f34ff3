export const CLUSTER_SLOTS = 16_384

/** The slot of a key in Redis Cluster: of what stands between its first `{` and the `}` after it, if anything does. */
export function clusterSlotOf(key: string): number {
  return crc16(Buffer.from(hashedPart(key))) % CLUSTER_SLOTS
}

function hashedPart(key: string): string {
  const open = key.indexOf('{')
  const close = key.indexOf('}', open + 1)
  return open === -1 || close <= open + 1 ? key : key.slice(open + 1, close)
}

/** CRC-16/XMODEM: polynomial 0x1021, from 0, most significant bit first. */
function crc16(bytes: Uint8Array): number {
  let crc = 0
  for (const byte of bytes) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : crc << 1
  }
  return crc
}
