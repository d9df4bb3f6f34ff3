import type { AddressInfo } from 'node:net'
import { createSluice, type EndEvent, type Observer, type Sluice, type SluiceOptions, type Source } from '@sluice/core'
import { sluicePlugin } from '@sluice/fastify'
import createFastify from 'fastify'

/** Streams of one source over HTTP, in this process, so that deadlines can be short and insides be seen. */
export interface InProcess extends AsyncDisposable {
  readonly url: string
  readonly api: string
  readonly sluice: Sluice
  /** How readings ended, in order. */
  readonly outcomes: readonly string[]
  /** Writes and events delivered, over all readings. */
  readonly delivered: { readonly chunks: number; readonly events: number }
  /** The end of the first stream. */
  readonly ended: Promise<EndEvent>
  /** Resolves when a reading has ended like this. */
  outcome(name: string): Promise<void>
  readonly leaked: Promise<void>
  /** Resolves when nobody is connected. */
  connectionsGone(): Promise<void>
}

/** How long a connection is kept open for the next request. Node adds a second. */
export const KEEP_ALIVE_MS = 1_000

export async function serveSource(source: Source, options: Omit<SluiceOptions, 'observers'> = {}): Promise<InProcess> {
  const ended = Promise.withResolvers<EndEvent>()
  const leaked = Promise.withResolvers<void>()
  const outcomes: string[] = []
  const waiting: { name: string; resolve: () => void }[] = []
  const delivered = { chunks: 0, events: 0 }
  const observer: Observer = {
    ended: (_, { end }) => ended.resolve(end),
    sourceLeaked: () => leaked.resolve(),
    chunk(_, { events }) {
      delivered.chunks++
      delivered.events += events
    },
    detached(_, { outcome }) {
      outcomes.push(outcome)
      for (const { name, resolve } of waiting) if (name === outcome) resolve()
    },
  }
  const sluice = createSluice({ ...options, observers: [observer] })
  const app = createFastify({ forceCloseConnections: true, keepAliveTimeout: KEEP_ALIVE_MS })
  await app.register(sluicePlugin, {
    sluice,
    identify: () => ({ owner: 'everyone' }),
    mount: '/v1',
    runner: () => source,
    drainMs: 0,
  })
  // What a balancer asks.
  app.get('/readyz', () => ({ status: 'ready' }))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  return {
    url,
    api: `${url}/v1`,
    sluice,
    outcomes,
    delivered,
    ended: ended.promise,
    leaked: leaked.promise,
    outcome: (name) =>
      new Promise((resolve) => {
        if (outcomes.includes(name)) resolve()
        else waiting.push({ name, resolve })
      }),
    async connectionsGone() {
      for (;;) {
        const open = await new Promise((resolve) => app.server.getConnections((_, count) => resolve(count)))
        if (open === 0) return
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
    [Symbol.asyncDispose]: () => app.close(),
  }
}
