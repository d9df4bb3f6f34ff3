/** Who is told of what a listener threw. */
type ListenerFailed = (error: unknown) => void

type Listener = EventListenerOrEventListenerObject

/** What {@link guardSignal} knows of a signal. */
interface Guarded {
  readonly failed: ListenerFailed
  /** What listens in the place of each listener. */
  readonly guards: WeakMap<object, (event: Event) => void>
  /** What was assigned to `onabort`, and what listens for it. */
  assigned: { readonly listener: AbortSignal['onabort']; readonly own: (event: Event) => unknown } | undefined
}

const guarded = new WeakMap<AbortSignal, Guarded>()

/**
 * The same signal, for user code to listen to. A listener that throws, or rejects, is an exception that nobody catches, and
 * ends the process: whoever aborts cannot help it. Here it is told to `failed`, and the others are called all the same.
 */
export function guardSignal(signal: AbortSignal, failed: (error: unknown) => void): AbortSignal {
  guarded.set(signal, { failed, guards: new WeakMap(), assigned: undefined })
  // An own prototype, shared by all: a signal is the dearest object of an idle stream already.
  return Object.setPrototypeOf(signal, GUARDED) as AbortSignal
}

const GUARDED = Object.create(AbortSignal.prototype, {
  addEventListener: {
    value(this: AbortSignal, type: string, listener: Listener, options?: boolean | AddEventListenerOptions): void {
      AbortSignal.prototype.addEventListener.call(this, type, guardOf(this, listener), options)
    },
  },
  removeEventListener: {
    value(this: AbortSignal, type: string, listener: Listener, options?: boolean | EventListenerOptions): void {
      AbortSignal.prototype.removeEventListener.call(this, type, guardOf(this, listener), options)
    },
  },
  onabort: {
    get(this: AbortSignal): AbortSignal['onabort'] {
      return guarded.get(this)!.assigned?.listener ?? null
    },
    set(this: AbortSignal, listener: unknown): void {
      const known = guarded.get(this)!
      if (known.assigned) this.removeEventListener('abort', known.assigned.own)
      known.assigned = undefined
      if (typeof listener !== 'function') return
      // One of its own: the same function may have been added as well.
      const own = (event: Event): unknown => (listener as NonNullable<AbortSignal['onabort']>).call(this, event)
      known.assigned = { listener: listener as AbortSignal['onabort'], own }
      this.addEventListener('abort', own)
    },
  },
}) as object

/** What is called in the place of `listener`: the same each time, so that it can be removed, and is not added twice. */
function guardOf(signal: AbortSignal, listener: Listener): Listener {
  const isCallable = typeof listener === 'function' || (typeof listener === 'object' && listener !== null)
  if (!isCallable) return listener
  const { failed, guards } = guarded.get(signal)!
  let guard = guards.get(listener)
  if (!guard) {
    guard = (event) => {
      try {
        const result: unknown =
          typeof listener === 'function' ? listener.call(signal, event) : listener.handleEvent(event)
        if (isThenable(result)) result.then(undefined, failed)
      } catch (error) {
        failed(error)
      }
    }
    guards.set(listener, guard)
  }
  return guard
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
