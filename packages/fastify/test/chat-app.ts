import type { AddressInfo } from 'node:net'
import { createSluice, type Principal, type Sluice, type SluiceOptions, type Source } from '@sluice/core'
import { sluicePlugin, type SluicePluginOptions } from '@sluice/fastify'
import createFastify, { type FastifyInstance, type FastifyRequest, type FastifyServerOptions } from 'fastify'

/** An application of a user: its own server with the plugin, not yet listening. */
export interface ChatApp extends AsyncDisposable {
  readonly app: FastifyInstance
  readonly sluice: Sluice
  /** Listens on a free port; gives the address. */
  listen(): Promise<string>
}

/** Who asks, by a header: nobody without it. */
export function identifyByHeader({ headers }: Pick<FastifyRequest, 'headers'>): Principal | undefined {
  const owner = headers['x-user']
  return typeof owner === 'string' ? { owner } : undefined
}

export async function createChatApp(
  routes: (app: FastifyInstance) => void,
  options: {
    /** Registers what the plugin needs. */
    before?: (app: FastifyInstance) => void
    plugin?: Partial<SluicePluginOptions>
    server?: FastifyServerOptions
    sluice?: SluiceOptions
  } = {},
): Promise<ChatApp> {
  const sluice = createSluice(options.sluice)
  const app = createFastify(options.server ?? {})
  options.before?.(app)
  await app.register(sluicePlugin, { sluice, identify: () => ({ owner: 'ada' }), drainMs: 0, ...options.plugin })
  routes(app)
  return {
    app,
    sluice,
    async listen() {
      await app.listen({ port: 0, host: '127.0.0.1' })
      return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
    },
    async [Symbol.asyncDispose]() {
      const closed = app.close()
      // Node 22 waits a minute for a connection that a client has opened ahead and asked nothing on.
      app.server.closeAllConnections()
      await closed
    },
  }
}

/** A source that says these words, and counts how often it was called. */
export function saying(...words: readonly string[]): { source: Source; calls: number } {
  const said = {
    calls: 0,
    source: (): readonly string[] => {
      said.calls++
      return words
    },
  }
  return said
}

/** A source that says a word, and the last one when it is told to. */
export function onCue(first = 'first', last = ' last') {
  const cue = Promise.withResolvers<void>()
  const aborted = Promise.withResolvers<void>()
  async function* speak(signal: AbortSignal): AsyncGenerator<string> {
    signal.addEventListener('abort', () => aborted.resolve())
    yield first
    await cue.promise
    yield last
  }
  const cued = {
    calls: 0,
    go: cue.resolve,
    aborted: aborted.promise,
    source: ({ signal }: { signal: AbortSignal }): AsyncGenerator<string> => {
      cued.calls++
      return speak(signal)
    },
  }
  return cued
}

/** The text of a native stream. */
export function textIn(body: string): string {
  return [...body.matchAll(/^event: text\ndata: (.*)$/gm)]
    .map(([, data]) => (JSON.parse(data!) as { text: string }).text)
    .join('')
}
