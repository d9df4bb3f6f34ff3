/** How long what must happen may take. */
const DEADLINE_MS = 10_000
/** Long enough for whatever is under way on loopback. */
const QUIET_MS = 50
const LOOK_EVERY_MS = 2

/** Fails the test when `promise` does not settle. */
export async function within<Value>(promise: Promise<Value>, what: string): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(notYet(what))), DEADLINE_MS)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** Waits until `condition` holds. */
export async function until(condition: () => boolean, what: string | (() => string)): Promise<void> {
  for (const startMs = performance.now(); !condition();) {
    if (performance.now() - startMs > DEADLINE_MS) throw new Error(notYet(typeof what === 'string' ? what : what()))
    await new Promise((resolve) => void setTimeout(resolve, LOOK_EVERY_MS))
  }
}

/** Lets pass what is under way: for what must not happen, which nothing can be waited for. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, QUIET_MS))
}

export async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([promise.then(() => true), quiet().then(() => false)])
}

function notYet(what: string): string {
  return `waited for ${DEADLINE_MS} ms, and not yet: ${what}`
}
