import { request as requestHttp, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { request as requestHttps } from 'node:https'
import { pipeline } from 'node:stream/promises'

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import { createIdentify, keyForUpstream } from './identify.ts'
import type { GatewayOptions } from '../options/option-table.ts'

/** What belongs to one connection and is not passed on (RFC 9110, 7.6.1), and what is set anew. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
  'authorization',
  'cookie',
])

/** Everything below the mount that is not a stream goes to the backend unchanged; the demo knows its models only. */
export function mountUpstream(
  app: FastifyInstance,
  mount: string,
  options: GatewayOptions,
  models: () => readonly string[],
): void {
  const identify = createIdentify(options.auth)
  void app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null))
    scope.addHook('onRequest', async (request, reply) => {
      if (!identify(request))
        return refuse(reply, 401, 'Say who you are: send your API key as a bearer token.', 'invalid_api_key')
      return undefined
    })
    if (options.upstream === undefined)
      scope.get(`${mount}/models`, () => ({ object: 'list', data: models().map(toModel) }))
    else {
      const upstream = new URL(options.upstream)
      scope.all(`${mount}/*`, (request, reply) => forward(request, reply, { upstream, mount, options }))
    }
    done()
  })
}

function toModel(id: string): object {
  return { id, object: 'model', created: 0, owned_by: 'sluice' }
}

interface Forwarding {
  upstream: URL
  mount: string
  options: GatewayOptions
}

async function forward(
  request: FastifyRequest,
  reply: FastifyReply,
  { upstream, mount, options }: Forwarding,
): Promise<FastifyReply | void> {
  const key = keyForUpstream(options, request.headers.authorization)
  const headers: OutgoingHttpHeaders = {
    ...passable(request.headers),
    ...(key !== undefined && { authorization: `Bearer ${key}` }),
    // Of some methods node would send a body without length and without any frame, as if it were the next request.
    ...(request.headers['transfer-encoding'] !== undefined && { 'transfer-encoding': 'chunked' }),
  }
  const path = pathAt(upstream, request.url, mount)
  if (path === undefined) return refuse(reply, 404, 'There is nothing at this path.', 'not_found')
  let answer: IncomingMessage
  try {
    answer = await send(upstream, { method: request.method, path, headers }, request.raw, reply)
  } catch (error) {
    if (reply.raw.destroyed) return reply
    request.log.error(error)
    return refuse(reply, 502, 'The backend cannot be reached.', 'bad_gateway')
  }
  reply.hijack()
  reply.raw.writeHead(answer.statusCode ?? 502, passable(answer.headers))
  try {
    await pipeline(answer, reply.raw)
  } catch {
    // Cut on one side: pipeline has destroyed the other, so neither looks complete.
  }
}

/**
 * What `url` below the mount is at the backend, as it was sent; nothing when it leads elsewhere. A mount that is spelled in
 * another way would shift what is put after the backend's address, and dots would lead out of its base path.
 */
function pathAt(upstream: URL, url: string, mount: string): string | undefined {
  if (!url.startsWith(`${mount}/`)) return undefined
  const base = upstream.pathname.replace(/\/$/, '')
  const path = base + url.slice(mount.length)
  return URL.parse(path, upstream.href)?.pathname.startsWith(`${base}/`) ? path : undefined
}

function send(
  target: URL,
  options: { method: string; path: string; headers: OutgoingHttpHeaders },
  body: IncomingMessage,
  reply: FastifyReply,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const start = target.protocol === 'https:' ? requestHttps : requestHttp
    const outgoing = start(target, options, resolve)
    outgoing.on('error', reject)
    reply.raw.on('close', () => outgoing.destroy())
    body.pipe(outgoing)
  })
}

function passable(headers: IncomingMessage['headers']): OutgoingHttpHeaders {
  const named = new Set(headers.connection?.split(',').map((name) => name.trim().toLowerCase()))
  const passed = Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name) && !named.has(name))
  return Object.fromEntries(passed)
}

const TYPES: Readonly<Record<number, string>> = { 401: 'authentication_error', 404: 'not_found_error' }

export function refuse(reply: FastifyReply, status: number, message: string, code: string): FastifyReply {
  return reply.code(status).send({ error: { message, type: TYPES[status] ?? 'server_error', param: null, code } })
}
