const PASSES = 4

/** What this process holds, on the heap and in buffers outside it, once all that can go has gone. */
export async function heldNow(): Promise<number> {
  for (let pass = 0; pass < PASSES; pass++) {
    globalThis.gc!()
    // Buffers outside the heap are freed by a task of their own.
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** What `make` leaves behind, once it was made before: what is compiled on the way is nobody's. */
export async function heldBy<Made>(make: () => Promise<Made>): Promise<{ made: Made; bytes: number }> {
  await make()
  const before = await heldNow()
  const made = await make()
  return { made, bytes: (await heldNow()) - before }
}
