import type { ServerHttp2Session } from 'node:http2'

import type { Sluice } from '@sluice/core'

/** How often a peer is asked, and how long it may take to answer. */
export interface KeepAliveOptions {
  keepAliveMs: number
  keepAliveTimeoutMs: number
}

/**
 * Asks the peer of a connection now and then whether it is there, and cuts a connection whose peer does not answer: one
 * that vanished without a word would hold its calls for as long as TCP has patience.
 */
export function keepAlive(
  sluice: Pick<Sluice, 'after'>,
  session: ServerHttp2Session,
  { keepAliveMs, keepAliveTimeoutMs }: KeepAliveOptions,
): void {
  let callOff = (): void => {}
  const ask = (): void => {
    if (session.destroyed) return
    callOff = sluice.after(keepAliveTimeoutMs, () => session.destroy())
    session.ping((error) => {
      callOff()
      if (!error && !session.destroyed) callOff = sluice.after(keepAliveMs, ask)
    })
  }
  callOff = sluice.after(keepAliveMs, ask)
  session.once('close', () => callOff())
}
