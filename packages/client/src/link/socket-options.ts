/** Options of {@link webSocket}, and of the socket of {@link hybrid}. */
export interface WebSocketOptions {
  /**
   * Where sockets are opened.
   * @defaultValue `ws` beside the server's `streams`
   */
  url?: string | undefined
  /** Gives a ticket for each socket, where no cookie and no bearer token says who asks. */
  ticket?: (() => Promise<string>) | undefined
  /** In place of the global `WebSocket`: makes a socket, to be told of by `onopen`, `onmessage` and `onclose`. */
  open?: ((url: string, protocols: string[]) => WebSocket) | undefined
}

/** `WebSocket.OPEN`, also where there is no such global. */
export const SOCKET_OPEN = 1

/** A socket to `url`, made as the options say. */
export function openSocket({ open }: WebSocketOptions, url: string, protocols: string[]): WebSocket {
  return open ? open(url, protocols) : new WebSocket(url, protocols)
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
