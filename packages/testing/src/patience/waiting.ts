import { ownTimeMs } from './own-time.ts'

/** How long what must happen may take. */
const DEADLINE_MS = 10_000
const LOOK_EVERY_MS = 2
/** Turns of the event loop in which nothing happens any more that was under way. */
const QUIET_TURNS = 25
/** And so many where a kernel's timers may have a part in it, which acknowledge after 40 ms and probe after 200. */
const STILL_TURNS = 125

/**
 * Gives what `promise` does, or rejects once `withinMs` of this process's {@link ownTimeMs} are over.
 *
 * @example
 * ```ts
 * const end = await within(stream.ended, 'the stream has ended')
 * ```
 */
export async function within<Value>(
  promise: Promise<Value>,
  what: string | (() => string),
  withinMs: number = DEADLINE_MS,
): Promise<Value> {
  const untilMs = ownTimeMs() + withinMs
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      if (ownTimeMs() > untilMs) reject(new Error(notYet(what, withinMs)))
    }, 5 * LOOK_EVERY_MS)
  })
  return Promise.race([promise, late]).finally(() => clearInterval(timer))
}

/**
 * Looks again and again until `condition` gives something, and gives that; rejects once `withinMs` of this process's
 * {@link ownTimeMs} are over.
 *
 * @example
 * ```ts
 * await until(() => sluice.stats().delivering === 0, 'nobody reads any more')
 * ```
 */
export async function until<Value>(
  condition: () => Value | Promise<Value>,
  what: string | (() => string) = String(condition),
  withinMs: number = DEADLINE_MS,
): Promise<Exclude<Value, false | undefined>> {
  const untilMs = ownTimeMs() + withinMs
  for (;;) {
    const value = await condition()
    if (value !== false && value !== undefined) return value as Exclude<Value, false | undefined>
    if (ownTimeMs() > untilMs) throw new Error(notYet(what, withinMs))
    await turn()
  }
}

/** What {@link untilStill} waits for. */
export interface UntilStillOptions {
  /**
   * The number must have passed this before its standing still has a meaning.
   * @defaultValue 0: it must have begun
   */
  above?: number | undefined
  /**
   * After so much {@link ownTimeMs} it is given up.
   * @defaultValue 10 000
   */
  withinMs?: number | undefined
}

/**
 * Waits until a number has begun to grow, and then stands still while everything in this process has had its turn many
 * times: how far a source was pulled, say, whose reader reads nothing. Gives the number.
 *
 * @example
 * ```ts
 * const pulled = await untilStill(() => scripted.yielded)
 * ```
 */
export async function untilStill(
  count: () => number,
  { above = 0, withinMs = DEADLINE_MS }: UntilStillOptions = {},
): Promise<number> {
  const untilMs = ownTimeMs() + withinMs
  let before = count()
  for (let turns = 0; turns < STILL_TURNS;) {
    await turn()
    const now = count()
    turns = now > above && now === before ? turns + 1 : 0
    before = now
    if (ownTimeMs() > untilMs) throw new Error(notYet(`a number above ${above} stands still (it is ${now})`, withinMs))
  }
  return before
}

/** Lets pass what is under way in this process: for what must not happen, which nothing can be waited for. */
export async function quiet(): Promise<void> {
  for (let turns = 0; turns < QUIET_TURNS; turns++) await turn()
}

/** Whether a promise settles with what is under way in this process. */
export async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([promise.then(() => true), quiet().then(() => false)])
}

/** A turn of the event loop with all its phases, however late: what has arrived by then is served before it is over. */
function turn(): Promise<void> {
  return new Promise((resolve) => void setTimeout(() => setImmediate(resolve), LOOK_EVERY_MS))
}

function notYet(what: string | (() => string), withinMs: number): string {
  return `waited for ${withinMs} ms, and not yet: ${typeof what === 'string' ? what : what()}`
}
