/** Options of {@link webSocket}, and of the socket of {@link hybrid}. */
export interface WebSocketOptions {
  /**
   * Where sockets are opened.
   * @defaultValue `ws` beside the server's `streams`
   */
  url?: string | undefined
  /** Gives a ticket for each socket, where no cookie and no bearer token says who asks. */
  ticket?: (() => Promise<string>) | undefined
}

/** The subprotocols of a socket, the credential among them: a page cannot send headers with a socket. */
export async function protocolsFor(
  { ticket }: WebSocketOptions,
  headers: Readonly<Record<string, string>>,
): Promise<string[]> {
  if (ticket) return ['sluice.v1', `ticket.${await ticket()}`]
  const bearer = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1]
  return bearer === undefined ? ['sluice.v1'] : ['sluice.v1', `bearer.${bearer}`]
}
