const host = globalThis as unknown as {
  setImmediate?: (task: () => void) => unknown
  MessageChannel: new () => {
    port1: { onmessage: (() => void) | null; close(): void }
    port2: { postMessage(value: unknown): void }
  }
}

// Taken once, so that fake timers installed by a test cannot stop the hop.
const { setImmediate, MessageChannel } = host

function hopByMessage(resolve: () => void): void {
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = () => {
    port1.close()
    resolve()
  }
  port2.postMessage(0)
}

const hop: (resolve: () => void) => void = setImmediate ? (resolve) => void setImmediate(resolve) : hopByMessage

/**
 * Resolves in a later turn of the real event loop, hence when every promise chain that could go on has gone on,
 * however many hops it took. One turn costs about a microsecond: less than fifty `await null`, which might not be enough.
 *
 * @example
 * ```ts
 * reader.pull()
 * await drainMicrotasks() // async generators and web streams have settled
 * ```
 */
export function drainMicrotasks(): Promise<void> {
  return new Promise(hop)
}
