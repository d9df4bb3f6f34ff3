import type { Environment } from '../../clock/environment.ts'
import { eventsBefore } from '../../machine/place.ts'
import type { LinkListener, LinkRequest, Transport } from '../link.ts'
import { postControl } from '../refusal.ts'
import { sse } from '../sse-link.ts'
import { type ConnectionFacts, type Wishes, wishesFor } from './wishes-for.ts'

export type { ConnectionFacts } from './wishes-for.ts'

/** Options of {@link measured}. */
export interface MeasuredOptions {
  /**
   * What the device says of its network.
   * @defaultValue `navigator.connection`, where there is one
   */
  connection?: (() => ConnectionFacts | undefined) | undefined
}

/** What is known of one stream's reading. */
interface Pace {
  /** The latest event that came. */
  arrived: number
  /** Where its reader was at the last ack, and when. */
  read: number
  atMs: number
}

/**
 * Any way to read, and what is measured on it: the round trip to each server, and how fast the page paints. From that, and from
 * what the device says of its network, come the wishes of each reading; what the application wishes itself wins, and the server's
 * policy decides. Each `ack` tells both. Keep one for all streams.
 *
 * @example
 * ```ts
 * const transport = measured(fallback())
 * const painting = paint(start(url, { messages }, { transport }), myElement, { pressure: framePressure() })
 * ```
 */
export function measured(transport: Transport = sse, { connection = connectionOf }: MeasuredOptions = {}): Transport {
  const roundTrips = new Map<string, number>()
  const started = new WeakMap<object, LinkRequest['start']>()
  const paces = new WeakMap<Environment, Pace>()
  let paintRate: number | undefined

  function note(url: string, ms: number): void {
    const { origin } = new URL(url)
    const before = roundTrips.get(origin) ?? Infinity
    // What the server or the device took besides is no part of it: it follows a shorter one at once, and a longer one slowly.
    roundTrips.set(origin, ms < before ? Math.max(1, ms) : before + (ms - before) / 8)
  }

  function wish(url: string): Wishes {
    return wishesFor({ rttMs: roundTrips.get(new URL(url).origin), paintRate, ...factsOf(connection()) })
  }

  /** A start that is sent again must be the same one. */
  function startWith(start: NonNullable<LinkRequest['start']>): LinkRequest['start'] {
    if (!started.has(start)) started.set(start, { ...start, body: bodyWith(start.body, wish(start.url)) })
    return started.get(start)
  }

  /** The page was held up by its painting where something waited to be read; else it may be faster than that. */
  function measurePaint(environment: Environment, cursor: string | undefined): void {
    const [read, atMs] = [eventsBefore(cursor), environment.now()]
    const pace = paces.get(environment)
    const rate = pace && (1_000 * (read - pace.read)) / (atMs - pace.atMs)
    if (pace && rate! > 0 && rate! < Infinity) paintRate = pace.arrived > read ? rate : Math.max(rate!, paintRate ?? 0)
    if (pace) [pace.read, pace.atMs] = [read, atMs]
  }

  return {
    name: transport.name,
    open(request, listener) {
      const { url, start, environment } = request
      const begunMs = environment.now()
      let isFirst = url !== undefined
      const pace = { arrived: 0, ...(paces.get(environment) ?? { read: eventsBefore(request.cursor), atMs: begunMs }) }
      paces.set(environment, pace)
      const own: LinkListener = {
        learned: (facts) => listener.learned(facts),
        said(input) {
          if (isFirst && input.type !== 'broken') note(url!, environment.now() - begunMs)
          isFirst = false
          listener.said(input)
        },
        event(event, cursor) {
          pace.arrived = cursor === undefined ? pace.arrived : eventsBefore(cursor)
          listener.event(event, cursor)
        },
      }
      if (url === undefined && start!.method !== 'GET')
        return transport.open({ ...request, start: startWith(start!) }, own)
      const query = { ...textsOf(wish(url ?? start!.url)), ...request.query }
      return transport.open({ ...request, query }, own)
    },
    async control(request) {
      const { environment, url, verb, body } = request
      const begunMs = environment.now()
      if (verb === 'ack') measurePaint(environment, (body as { cursor?: string }).cursor)
      const report = { rttMs: roundTrips.get(new URL(url).origin), paintRate }
      const asked = verb === 'ack' ? { ...request, body: { ...report, ...(body as object) } } : request
      const outcome = await (transport.control?.(asked) ?? postControl(asked))
      if (outcome.answer) note(url, environment.now() - begunMs)
      return outcome
    },
  }
}

function connectionOf(): ConnectionFacts | undefined {
  return (globalThis.navigator as { connection?: ConnectionFacts } | undefined)?.connection
}

/** A copy: what the platform has are getters of a prototype. */
function factsOf({ saveData, effectiveType, rtt }: ConnectionFacts = {}): ConnectionFacts {
  return { saveData, effectiveType, rtt }
}

function textsOf(wishes: Wishes): Record<string, string> {
  return Object.fromEntries(Object.entries(wishes).map(([name, value]) => [name, String(value)]))
}

/** What the application has written there wins. A body that is no object has no room for wishes. */
function bodyWith(body: string | undefined, wishes: Wishes): string | undefined {
  try {
    const members = JSON.parse(body ?? '') as { sluice?: object } | null
    if (typeof members !== 'object' || !members || Array.isArray(members) || !Object.keys(wishes).length) return body
    return JSON.stringify({ ...members, sluice: { ...wishes, ...members.sluice } })
  } catch {
    return body
  }
}
