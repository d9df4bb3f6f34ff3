import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'

/** What belongs to one connection (RFC 9110, 7.6.1), or says where a message ends: set anew on each side. */
const OF_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** What is the gateway's to decide: who asks, and which pages may. A backend with origins of its own would refuse ours. */
const OF_CLIENT: ReadonlySet<string> = new Set(['authorization', 'cookie', 'origin', 'x-api-key'])

/** What a client asks of sluice, and what sluice asks of the backend itself where it reads the answer. */
const OF_OUR_ROUTES: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'content-encoding',
  'content-type',
  'last-event-id',
  'prefer',
])

/** What a WebSocket's handshake and a call of gRPC or Connect say of themselves. */
const OF_OUR_TRANSPORTS = /^(?:sec-websocket-|grpc-|connect-|x-grpc-web$)/

/** What a backend says of its own address to whoever came to it by name, which is none of the gateway's. */
const OF_ORIGIN: ReadonlySet<string> = new Set([
  'alt-svc',
  'clear-site-data',
  'nel',
  'public-key-pins',
  'report-to',
  'reporting-endpoints',
  'strict-transport-security',
])

/** What describes the very body that the backend sent, and not one that was written from it. */
const OF_BODY =
  /^(?:content-.*|accept-ranges|age|cache-control|digest|repr-digest|etag|expires|last-modified|pragma|date|location)$/

/**
 * Headers of a client's request that its backend gets: all but what belongs to the connection, credentials and what pages
 * are asked for. `Connection` may name more of the former; never does it decide how a body is framed.
 */
export function toBackendHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return pick(headers, (name) => !OF_CLIENT.has(name) && !name.startsWith('access-control-'))
}

/** The same on a route of ours, whose request is written anew. */
export function toChatHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const isOurs = (name: string): boolean => OF_OUR_ROUTES.has(name) || OF_OUR_TRANSPORTS.test(name)
  const passed = Object.entries(toBackendHeaders(headers)).filter(([name]) => !isOurs(name))
  return Object.fromEntries(passed.map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : `${value}`]))
}

/** Headers of a backend's answer that its client gets, with its body: all but what is the gateway's own to say. */
export function toClientHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return pick(headers, (name) => !/^(?:access-control-|sluice-)/.test(name) && !OF_ORIGIN.has(name))
}

/** The same for a client that gets a body of our own. */
export function toAnswerHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const passed = Object.entries(toClientHeaders(headers)).filter(([name]) => !OF_BODY.test(name))
  return Object.fromEntries(passed)
}

function pick(headers: IncomingHttpHeaders, wanted: (name: string) => boolean): OutgoingHttpHeaders {
  const named = new Set(headers.connection?.split(',').map((name) => name.trim().toLowerCase()))
  const passed = Object.entries(headers).filter(
    ([name, value]) => value !== undefined && !OF_CONNECTION.has(name) && !named.has(name) && wanted(name),
  )
  return Object.fromEntries(passed)
}
