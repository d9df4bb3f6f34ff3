import type { Sluice } from '@sluice/core'
import type { FastifyInstance } from 'fastify'

import type { GatewayMetrics } from '../engine/gateway-metrics.ts'

/** What operators and their machines ask. */
export function mountOperatorRoutes(app: FastifyInstance, sluice: Sluice, metrics: GatewayMetrics): void {
  app.get('/healthz', () => ({ status: 'alive' }))
  app.get('/readyz', (_request, reply) => {
    const { draining, store } = sluice.stats()
    if (draining || store.health === 'down')
      return reply.code(503).send({ status: draining ? 'draining' : 'store down' })
    // Slower is no reason to send readers elsewhere: it is as slow there.
    return { status: 'ready', store: store.health }
  })
  app.get('/metrics', (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(metrics.text(sluice.stats())),
  )
}
