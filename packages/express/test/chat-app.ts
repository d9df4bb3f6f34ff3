import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

import { createSluice, type Sluice, type SluiceOptions } from '@sluice/core'
import { sluiceRouter, type SluiceRouterOptions } from '@sluice/express'
import express, { type Express } from 'express'

/** An application of a user, which listens. */
export interface ChatApp extends AsyncDisposable {
  readonly url: string
  readonly sluice: Sluice
}

/** Serves an application with a router of ours between what stands before it and its routes. */
export async function createChatApp(
  routes: (app: Express) => void,
  options: { before?: (app: Express) => void; router?: Partial<SluiceRouterOptions>; sluice?: SluiceOptions } = {},
): Promise<ChatApp> {
  const sluice = createSluice(options.sluice)
  const app = express()
  options.before?.(app)
  app.use(sluiceRouter({ sluice, identify: () => ({ owner: 'ada' }), ...options.router }))
  routes(app)
  return listen(app, sluice)
}

export async function listen(app: Express, sluice: Sluice): Promise<ChatApp> {
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sluice,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The text of a native stream. */
export function textIn(body: string): string {
  return [...body.matchAll(/^event: text\ndata: (.*)$/gm)]
    .map(([, data]) => (JSON.parse(data!) as { text: string }).text)
    .join('')
}
