import { hostTurn } from '../../clock/host-turn.ts'

/**
 * How much JSON is worked on in one step, in bytes or characters: some milliseconds, whatever it consists of. What is no
 * longer than that is done at once.
 */
export const JSON_SLICE: number = 1024 * 1024

/**
 * Does work that pauses after each slice; others have a turn of the event loop at each pause. By slices and not by time, so
 * that a step is as short on a busy machine as on an idle one.
 */
export async function inTurns<Result>(work: Iterator<unknown, Result>): Promise<Result> {
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
    await hostTurn()
  }
}

/** The same work without its pauses: for what is known to be short. */
export function atOnce<Result>(work: Iterator<unknown, Result>): Result {
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
  }
}
