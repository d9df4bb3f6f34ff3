import type { Hono } from 'hono'

import { createSuiteServer } from './suite-server.ts'

/** Timers and streams of a Worker belong to one request; those of a Durable Object to all of its requests. */
export class Suite {
  readonly #app: Hono = createSuiteServer({ heartbeatMs: 1_000 })

  fetch(request: Request): Response | Promise<Response> {
    return this.#app.fetch(request)
  }
}

interface Environment {
  SUITE: { idFromName(name: string): unknown; get(id: unknown): { fetch(request: Request): Promise<Response> } }
}

export default {
  fetch: (request: Request, { SUITE }: Environment): Promise<Response> =>
    SUITE.get(SUITE.idFromName('one')).fetch(request),
}
