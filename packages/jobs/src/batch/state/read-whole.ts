import { joinBytes } from '@sluice/core/extend'

/** All of what comes in pieces: for what is known to be short. */
export async function readWhole(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return joinBytes(all)
}
