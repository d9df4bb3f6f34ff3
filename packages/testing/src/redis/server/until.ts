import { setTimeout as sleep } from 'node:timers/promises'

/** How long anything here may take before it is an error. Generous: the machine may be busy with other tests. */
export const DEADLINE_MS = 20_000
const INTERVAL_MS = 10
const EXPIRED = Symbol('expired')

/** Asks until the answer is not `undefined`. A probe that throws means "not yet", and is told if it stays so. */
export async function until<Answer>(what: string, probe: () => Promise<Answer | undefined>): Promise<Answer> {
  const deadline = new AbortController()
  const expired = sleep(DEADLINE_MS, EXPIRED, { signal: deadline.signal }).catch(() => EXPIRED)
  let last: unknown
  const giveUpMs = performance.now() + DEADLINE_MS
  try {
    while (performance.now() < giveUpMs) {
      try {
        const answer = await Promise.race([probe(), expired])
        if (answer === EXPIRED) break
        if (answer !== undefined) return answer as Answer
        last = undefined
      } catch (error) {
        last = error
      }
      await sleep(INTERVAL_MS)
    }
  } finally {
    deadline.abort()
  }
  throw new Error(`${what}: not within ${DEADLINE_MS / 1000} s${last instanceof Error ? `; ${last.message}` : ''}`, {
    cause: last,
  })
}
