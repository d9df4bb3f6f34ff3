import type { FastifyInstance } from 'fastify'

const SWEEP_MS = 50

/** Closes the server; what is queued for slow readers, or on its way from the backend, has `graceMs` for that. */
export async function closeServer(app: FastifyInstance, graceMs: number): Promise<void> {
  const giveUp = setTimeout(() => app.server.closeAllConnections(), graceMs)
  // A connection that was busy when the server closed is kept alive afterwards, for nothing.
  const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS)
  try {
    await app.close()
  } finally {
    clearTimeout(giveUp)
    clearInterval(sweep)
  }
}
