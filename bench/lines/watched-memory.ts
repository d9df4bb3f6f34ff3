import { costOf } from '../hops/process-cost.ts'

const EVERY_MS = 100

/** By how much the memory of a process grows at the most, until it is asked, in bytes. */
export function watchMemory(pid: number): () => number {
  const before = costOf(pid).rssBytes
  let most = before
  const timer = setInterval(() => {
    try {
      most = Math.max(most, costOf(pid).rssBytes)
    } catch {
      // It has ended.
    }
  }, EVERY_MS)
  return () => {
    clearInterval(timer)
    return most - before
  }
}
