/** What a platform gives a function that may live on after its answer: here it only counts. */
export function register() {
  if (process.env.PLATFORM === undefined) return
  const platform = (globalThis.platform = { kept: 0, settled: 0 })
  const waitUntil = (settled) => {
    platform.kept++
    void settled.then(() => platform.settled++)
  }
  globalThis[Symbol.for('@next/request-context')] = { get: () => ({ waitUntil }) }
}
