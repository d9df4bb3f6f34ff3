/** What the client uses of the page or the process it runs in. */
export interface Environment {
  /** Sends a request. */
  fetch: (url: string, init: RequestInit) => Promise<Response>
  /** Milliseconds of a clock that goes on while the machine sleeps. */
  now(): number
  /** Calls `task` after `delayMs`; gives what calls it off. */
  after(delayMs: number, task: () => void): () => void
  /** From 0 up to 1. */
  random: () => number
  /** Tells of everything that makes another attempt promising, or hopeless, at once where that is so; gives what stops it. */
  onNetwork(listener: (sign: 'wake' | 'offline') => void): () => void
}

/** That of this page or process. */
export function createEnvironment(fetchWith?: typeof fetch): Environment {
  return {
    fetch: (url, init) => (fetchWith ?? fetch)(url, init),
    // Not `performance.now()`, which stands still in some browsers while the machine sleeps.
    now: () => Date.now(),
    after(delayMs, task) {
      // A longer timer would fire at once.
      const timer = setTimeout(task, Math.min(delayMs, 0x7fffffff))
      return () => clearTimeout(timer)
    },
    random: Math.random,
    onNetwork,
  }
}

const SIGNS = ['online', 'offline', 'pageshow', 'visibilitychange']

function onNetwork(listener: (sign: 'wake' | 'offline') => void): () => void {
  const onSign = ({ type, persisted }: Event & { persisted?: boolean }): void => {
    const isOffline = type === 'offline'
    // A page that comes out of the back-forward cache has lost its connections, and may not have been told yet.
    if (isOffline || persisted) listener('offline')
    if (!isOffline && (type === 'online' || document.visibilityState === 'visible')) listener('wake')
  }
  // Servers have no such events, or say nothing of a network with them.
  const page = globalThis as unknown as Partial<Window>
  for (const sign of SIGNS) page.addEventListener?.(sign, onSign)
  if (page.navigator?.onLine === false) listener('offline')
  return () => SIGNS.forEach((sign) => page.removeEventListener?.(sign, onSign))
}
