import type { Principal } from '@sluice/core'
import type { Request } from 'express'

/** What `express-session` leaves on a request, as far as it matters here. */
interface WithSession {
  readonly sessionID?: string
  readonly session?: { readonly cookie?: unknown; save?(done: (error?: unknown) => void): void }
}

/**
 * Saves what a route has noted in its session: `express-session` does so at the end of an answer, which for a stream is
 * minutes after its client has the cookie. An empty session is saved only where the stream belongs to it: who comes back
 * would else be somebody else.
 */
export async function saveSession(request: Request, owner: Principal | null | undefined): Promise<void> {
  const { session, sessionID } = request as WithSession
  if (typeof session?.save !== 'function') return
  const noted = Object.keys(session).some((name) => name !== 'cookie')
  if (!noted && (sessionID === undefined || !owner?.owner.includes(sessionID))) return
  await new Promise<void>((resolve, reject) => {
    session.save!((error) => (error ? reject(error as Error) : resolve()))
  })
}
