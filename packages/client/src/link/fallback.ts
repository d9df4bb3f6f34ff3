import { cutError } from '../errors/client-error.ts'
import { invalidOption, resolveGroup } from '../errors/option-rules.ts'
import type { LinkInput } from '../machine/resume-input.ts'
import type { Environment } from '../clock/environment.ts'
import type { Link, LinkListener, LinkRequest, Transport, Way } from './link.ts'
import { longPoll } from './poll-link.ts'
import { sse } from './sse-link.ts'
import { WayMemory, type WayStorage } from './way-memory.ts'
import { webSocket } from './web-socket-link.ts'

/** Options of {@link fallback}. */
export interface FallbackOptions {
  /**
   * Ways to read, the best one first.
   * @defaultValue SSE, WebSocket, long-poll
   */
  transports?: readonly Transport[] | undefined
  /** Is told which way is taken from now on, and why the one before is not. */
  onTransport?: ((name: string, why: 'failed' | 'buffered') => void) | undefined
  /**
   * How late the first byte may be before it is asked whether the server has spoken. A server speaks at once on a stream that runs,
   * and after two seconds at the latest on one that is started.
   *
   * @defaultValue 4000
   */
  lateMs?: number | undefined
  /**
   * How long it is remembered that something on the way to an origin keeps answers back.
   * @defaultValue 86400000
   */
  rememberMs?: number | undefined
  /**
   * Where that is remembered, across reloads.
   * @defaultValue `localStorage` of a page; else as long as this transport is kept
   */
  storage?: WayStorage | undefined
}

/** So often in a row a way must fail before the next one is taken. */
const MOST_FAILURES = 2
/** Ways whose answer comes bit by bit, so that something on the way can keep it back. */
const LASTING: readonly string[] = ['sse', 'hybrid', 'connect']
const DEFAULTS: FallbackOptions & { lateMs: number; rememberMs: number } = {
  transports: undefined,
  onTransport: undefined,
  lateMs: 4_000,
  rememberMs: 86_400_000,
  storage: undefined,
}

/** What is known of the ways to one origin. */
interface Ways {
  index: number
  way: Way
  failures: number
  lates: number
  /** When it is forgotten what was found. */
  untilMs: number
}

/**
 * Takes the first way that works: another one where connections fail twice in a row before anything came, and where something
 * on the way keeps an answer back that the server has begun, twice in a row. `stream.way` tells which one is taken. What keeps answers
 * back is remembered for a day, across reloads. Keep one for all streams. A stream whose start was kept back may be started once
 * more on the next way; the first one ends for want of a reader.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const transport = fallback({ onTransport: (name) => show(name) })
 * const stream = start(url, { messages }, { transport })
 * ```
 */
export function fallback(options?: FallbackOptions): Transport {
  const resolved = resolveGroup('fallback', options, DEFAULTS)
  const { transports = [sse, webSocket(), longPoll], onTransport, rememberMs } = resolved
  if (!Array.isArray(transports) || !transports.every(isTransport) || transports.length === 0)
    throw invalidOption('fallback.transports', transports, 'a list of transports, such as [sse, longPoll]')
  const memory = new WayMemory(resolved.storage)
  const known = new Map<string, Ways>()

  function waysAt(index: number, buffered: boolean, untilMs: number): Ways {
    return { index, way: { name: transports[index]!.name, buffered }, failures: 0, lates: 0, untilMs }
  }

  function waysTo(origin: string, environment: Environment): Ways {
    let ways = known.get(origin)
    if (!ways || environment.now() > ways.untilMs) {
      const kept = memory.of(origin, environment.now())
      const index = kept ? transports.findIndex(({ name }) => name === kept.transport) : -1
      ways = index > 0 ? waysAt(index, true, kept!.untilMs) : waysAt(0, false, Infinity)
      known.set(origin, ways)
    }
    return ways
  }

  /** The way after this one. Back at the first one, nothing is known to keep answers back. */
  function next(origin: string, why: 'failed' | 'buffered', nowMs: number): void {
    const before = known.get(origin)!
    const index = (before.index + 1) % transports.length
    const buffered = index > 0 && (why === 'buffered' || before.way.buffered === true)
    const untilMs = why === 'buffered' ? nowMs + rememberMs : before.untilMs
    const ways = waysAt(index, buffered, buffered ? untilMs : Infinity)
    known.set(origin, ways)
    memory.keep(origin, buffered ? { transport: ways.way.name, untilMs } : undefined)
    try {
      onTransport?.(ways.way.name, why)
    } catch (error) {
      // Whoever is told changes nothing: the stream goes on.
      globalThis.reportError?.(error)
    }
  }

  return {
    name: 'fallback',
    open(request, listener) {
      const { url, start, environment } = request
      const { origin } = new URL(url ?? start!.url)
      const ways = waysTo(origin, environment)
      const parts = { request, listener, lateMs: resolved.lateMs, way: ways.way }
      return new FallbackLink(transports[ways.index]!, parts, (what) => {
        // Another stream may have moved on meanwhile; and what fails without a network says nothing of the way.
        if (known.get(origin) !== ways) return
        if (what === 'failed' && globalThis.navigator?.onLine === false) return
        if (what === 'works') ways.failures = ways.lates = 0
        else if ((what === 'failed' ? ++ways.failures : ++ways.lates) >= MOST_FAILURES) {
          next(origin, what, environment.now())
        }
      })
    },
    control(request) {
      const { index } = waysTo(new URL(request.url).origin, request.environment)
      return transports[index]!.control?.(request)
    },
  }
}

function isTransport(value: Transport | undefined): boolean {
  return typeof value?.open === 'function' && typeof value.name === 'string'
}

interface Parts {
  request: LinkRequest
  listener: LinkListener
  lateMs: number
  way: Way
}

/** One connection on one way, and a look at its first byte. */
class FallbackLink implements Link {
  readonly way: Way
  readonly #parts: Parts
  readonly #onFound: (what: 'works' | 'failed' | 'buffered') => void
  readonly #link: Link
  readonly #callOff: () => void
  /** Something has come, or nobody waits any more. */
  #isSettled = false

  constructor(transport: Transport, parts: Parts, onFound: (what: 'works' | 'failed' | 'buffered') => void) {
    this.way = parts.way
    this.#parts = parts
    this.#onFound = onFound
    const { request, listener, lateMs } = parts
    this.#link = transport.open(request, { ...forward(listener), said: (input) => this.#said(input) })
    const looks = LASTING.includes(transport.name) ? (): void => void this.#look() : (): void => undefined
    this.#callOff = request.environment.after(lateMs, looks)
  }

  close(): void {
    this.#settle()
    this.#link.close()
  }

  setPaused(paused: boolean): void {
    this.#link.setPaused(paused)
  }

  #said(input: LinkInput): void {
    if (!this.#isSettled) this.#onFound(input.type === 'broken' ? 'failed' : 'works')
    this.#settle()
    this.#parts.listener.said(input)
  }

  #settle(): void {
    this.#isSettled = true
    this.#callOff()
  }

  /** Nothing has come. Where the server answers anything else at once, it has spoken here too, and is not heard. */
  async #look(): Promise<void> {
    const { request, listener } = this.#parts
    const { url, headers, credentials, environment } = request
    if (url !== undefined) {
      const init = { headers: { ...headers, accept: 'application/json' }, credentials }
      const answer = await environment.fetch(url, init).catch(() => undefined)
      void answer?.body?.cancel().catch(() => undefined)
      if (!answer?.ok) return
    }
    if (this.#isSettled) return
    this.#settle()
    this.#onFound('buffered')
    listener.said({ type: 'broken', error: cutError('Something on the way keeps the answer back.') })
  }
}

function forward(listener: LinkListener): LinkListener {
  return {
    learned: (facts) => listener.learned(facts),
    said: (input) => listener.said(input),
    event: (event, cursor) => listener.event(event, cursor),
  }
}
