import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import type { Socket } from 'node:net'

/** A response of node's HTTP/1.1 or HTTP/2 server, or of a framework that hands one out. */
export type NodeResponse = ServerResponse | Http2ServerResponse

/** How an HTTP/2 stream is cut. With CANCEL, node's own client and those built on it report a clean end. */
const HTTP2_INTERNAL_ERROR = 2

/** Whether nothing can be sent any more. */
export function wasCut(response: NodeResponse): boolean {
  if (!('stream' in response)) return response.destroyed || socketOf(response)?.destroyed === true
  const { destroyed, aborted, rstCode } = response.stream
  return destroyed || aborted || rstCode !== 0
}

/** The socket of an HTTP/1.1 response, also before it is given to it. Injected responses may have none. */
export function socketOf(response: ServerResponse): Socket | undefined {
  return response.socket ?? response.req.socket
}

/** Ends it so that nobody takes what was sent for the whole. `chunked`: although node does not know, its body is. */
export function cut(response: NodeResponse, chunked: boolean): void {
  if ('stream' in response) return response.stream.close(HTTP2_INTERNAL_ERROR)
  const socket = socketOf(response)
  // With HTTP/1.0 the end of the connection is the end of the body: only a reset tells a cut from it.
  if (socket && !chunked && !response.chunkedEncoding) resetIfTcp(socket)
  // A response that still waits for its socket would block every later one on it: the peer is given up, socket and all.
  socket?.destroy()
  response.destroy()
}

function resetIfTcp(socket: Socket): void {
  try {
    socket.resetAndDestroy()
  } catch {
    // TLS and Unix sockets cannot be reset.
  }
}
