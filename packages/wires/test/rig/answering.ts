/** A `fetch` whose answer is a stream of exactly these pieces, one a read. */
export function answering(pieces: readonly (string | Uint8Array)[]): typeof fetch {
  const encoder = new TextEncoder()
  return async () => {
    const body = new ReadableStream({
      start(controller) {
        for (const piece of pieces) controller.enqueue(typeof piece === 'string' ? encoder.encode(piece) : piece)
        controller.close()
      },
    })
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  }
}

/** `bytes` cut into pieces of the given sizes, again and again. */
export function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let from = 0; from < bytes.length;) {
    const to = from + sizes[pieces.length % sizes.length]!
    pieces.push(bytes.subarray(from, to))
    from = to
  }
  return pieces
}
