import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'

import type { Sluice } from '@sluice/core'

/** A request of node's HTTP/1.1 or HTTP/2 server. */
export type NodeRequest = IncomingMessage | Http2ServerRequest
/** A response of node's HTTP/1.1 or HTTP/2 server. */
export type NodeResponse = ServerResponse | Http2ServerResponse

/**
 * What is still to come of a request when it has been answered is nobody's: HTTP/2 ends the call, and HTTP/1.1 throws it away
 * for the sake of the connection, as long as a body has that brings nothing.
 */
export function discardRest({ bodies }: Pick<Sluice, 'bodies'>, request: NodeRequest, response: NodeResponse): void {
  // Whoever had begun to read holds it back.
  const flow = (): void => void request.removeAllListeners('readable').resume()
  if ('stream' in request) {
    const { stream } = request
    // The trailers are the last of an answer. They leave in this turn, and a reset would overtake them.
    stream.once('wantTrailers', () => {
      if (stream.readableEnded) return
      flow()
      setImmediate(() => stream.close())
    })
    return
  }
  response.once('finish', () => {
    if (request.complete) return
    const rest = bodies.open(() => request.socket.destroy())
    request.once('close', () => rest.close())
    flow()
  })
}
