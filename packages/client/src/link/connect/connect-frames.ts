import { cutError } from '../../errors/client-error.ts'

/** The most that one message may have. */
const MAX_FRAME_BYTES = 8 * 1024 * 1024
const PREFIX_BYTES = 5
const COMPRESSED = 1
const IS_LAST = 2

/** One message as the Connect protocol frames it: a byte of flags, its length, its JSON. */
export function toFrame(message: object): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(JSON.stringify(message))
  const frame = new Uint8Array(PREFIX_BYTES + json.length)
  new DataView(frame.buffer).setUint32(1, json.length)
  frame.set(json, PREFIX_BYTES)
  return frame
}

/** Takes the next piece of a body, cut anywhere. @throws SluiceError over the bound, and what the listener throws */
export type PushBytes = (bytes: Uint8Array) => void

/** Takes a body of the Connect protocol apart, in time linear in what comes and within a bound; `onFrame` is told each JSON text. */
export function createFrameReader(onFrame: (json: string, isLast: boolean) => void): PushBytes {
  const prefix = new Uint8Array(PREFIX_BYTES)
  let prefixed = 0
  /** The message that is coming, as far as it has come. */
  let body = new Uint8Array(0)
  let filled = 0

  function begin(): void {
    if (prefix[0]! & COMPRESSED) throw cutError('A message is compressed, which nobody asked for.')
    const length = new DataView(prefix.buffer).getUint32(1)
    if (length > MAX_FRAME_BYTES) throw cutError('A message is longer than this client reads.')
    body = new Uint8Array(length)
    filled = 0
  }

  return (bytes) => {
    for (let at = 0; at < bytes.length;) {
      if (prefixed < PREFIX_BYTES) {
        prefix[prefixed++] = bytes[at++]!
        if (prefixed < PREFIX_BYTES) continue
        begin()
      }
      const piece = bytes.subarray(at, at + body.length - filled)
      body.set(piece, filled)
      filled += piece.length
      at += piece.length
      if (filled < body.length) continue
      prefixed = 0
      onFrame(new TextDecoder().decode(body), (prefix[0]! & IS_LAST) !== 0)
    }
  }
}
