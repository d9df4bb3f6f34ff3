import { cutError } from '../errors/client-error.ts'
import { resolveGroup } from '../errors/option-rules.ts'
import type { LinkInput } from '../machine/resume-input.ts'
import type { Link, LinkListener, LinkRequest, Transport } from './link.ts'
import { longPoll } from './poll-link.ts'
import { sse } from './sse-link.ts'
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
}

/** So often in a row a way must fail before the next one is taken. */
const MOST_FAILURES = 2
const DEFAULTS: FallbackOptions & { lateMs: number; rememberMs: number } = {
  transports: undefined,
  onTransport: undefined,
  lateMs: 4_000,
  rememberMs: 86_400_000,
}

/** What is known of the way to one origin. */
interface Way {
  index: number
  failures: number
  lates: number
  /** When it is forgotten what was found. */
  untilMs: number
}

/**
 * Takes the first way that works: another one where connections fail twice before anything came, and where something on the way
 * keeps an answer back that the server has begun, twice. Keep one for all streams: it remembers. A stream whose start was
 * kept back may be started once more on the next way; the first one ends for want of a reader.
 *
 * @example
 * ```ts
 * const transport = fallback({ onTransport: (name) => show(name) })
 * const stream = start(url, { messages }, { transport })
 * ```
 */
export function fallback(options?: FallbackOptions): Transport {
  const resolved = resolveGroup('fallback', options, DEFAULTS)
  const { transports = [sse, webSocket(), longPoll], onTransport, rememberMs } = resolved
  const ways = new Map<string, Way>()

  function wayTo({ url, start, environment }: LinkRequest): Way {
    const { origin } = new URL(url ?? start!.url)
    let way = ways.get(origin)
    if (!way || environment.now() > way.untilMs) way = { index: 0, failures: 0, lates: 0, untilMs: Infinity }
    ways.set(origin, way)
    return way
  }

  return {
    name: 'fallback',
    open(request, listener) {
      const way = wayTo(request)
      const next = (why: 'failed' | 'buffered'): void => {
        way.index = (way.index + 1) % transports.length
        way.failures = way.lates = 0
        if (why === 'buffered') way.untilMs = request.environment.now() + rememberMs
        onTransport?.(transports[way.index]!.name, why)
      }
      return new FallbackLink(transports[way.index]!, { request, listener, lateMs: resolved.lateMs }, (why) => {
        const times = why === 'failed' ? ++way.failures : ++way.lates
        if (times >= MOST_FAILURES) next(why)
      })
    },
  }
}

interface Parts {
  request: LinkRequest
  listener: LinkListener
  lateMs: number
}

/** One connection on one way, and a look at its first byte. */
class FallbackLink implements Link {
  readonly #parts: Parts
  readonly #onFailure: (why: 'failed' | 'buffered') => void
  readonly #link: Link
  readonly #callOff: () => void
  /** Something has come, or nobody waits any more. */
  #isSettled = false

  constructor(transport: Transport, parts: Parts, onFailure: (why: 'failed' | 'buffered') => void) {
    this.#parts = parts
    this.#onFailure = onFailure
    const { request, listener, lateMs } = parts
    this.#link = transport.open(request, { ...forward(listener), said: (input) => this.#said(input) })
    const looks = transport === sse ? (): void => void this.#look() : (): void => undefined
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
    if (input.type === 'broken' && !this.#isSettled) this.#onFailure('failed')
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
    this.#onFailure('buffered')
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
