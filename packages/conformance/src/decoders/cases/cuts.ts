import fc from 'fast-check'

/** Every way of cutting a body that is tried: whole, byte by byte, and at random places from a seed. */
export function cutsOf(body: Uint8Array, seed: number): readonly (readonly Uint8Array[])[] {
  const places = fc.uniqueArray(fc.nat({ max: body.length }), { maxLength: 40 })
  const [random = []] = fc.sample(places, { numRuns: 1, seed })
  return [[body], Array.from(body, (byte) => Uint8Array.of(byte)), cutAt(body, random)]
}

/** `body` in pieces that begin at these places. */
export function cutAt(body: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places].toSorted((a, b) => a - b)
  return [0, ...ends].map((from, index) => body.subarray(from, ends[index] ?? body.length))
}
