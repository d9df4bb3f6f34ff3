import { after } from 'next/server.js'

/** Keeps the function that serves this request alive until `settled` is, where the platform can do that. */
export function keepAlive(settled: Promise<void>): void {
  try {
    after(settled)
  } catch {
    // Outside a request, or on a platform without it: the process lives as long as it does.
  }
}
