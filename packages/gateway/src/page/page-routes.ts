import type { IncomingMessage, ServerResponse } from 'node:http'

import type { FastifyInstance } from 'fastify'

import { NOT_FOUND, refuse } from '../door/refusal.ts'
import { headerOf } from '../door/request-words.ts'
import type { Log } from '../log/log.ts'
import { type PageFile, readPageFiles } from './page-files.ts'

/** Nothing but what is served beside the page, and nothing inline. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/**
 * The worker that simulates policies runs what its reader writes. A worker has the rules of its own answer: code may be made of text
 * there, and can reach nothing, neither the page nor the network.
 */
const WORKER_POLICY = "default-src 'none'; script-src 'unsafe-eval'"
const WORKER = /^policies-[\w-]+\.js$/

/** Serves the page, where it was built. */
export function openPage(app: FastifyInstance, log: Log): void {
  const files = readPageFiles()
  if (files) mountPage(app, files)
  else log.warn('There is no page at /: it was not built; "npm run setup" does so')
}

/** Serves the page at `/` and its files below `/page/`, whose names change with what is in them. */
export function mountPage(app: FastifyInstance, files: ReadonlyMap<string, PageFile>): void {
  app.get('/', (request, reply) => {
    reply.hijack()
    send(request.raw, reply.raw, files.get('index.html'), { 'cache-control': 'no-cache' })
  })
  app.get<{ Params: { name: string } }>('/page/:name', (request, reply) => {
    reply.hijack()
    const { name } = request.params
    const file = name === 'index.html' ? undefined : files.get(name)
    send(request.raw, reply.raw, file, {
      'cache-control': 'public, max-age=31536000, immutable',
      'content-security-policy': WORKER.test(name) ? WORKER_POLICY : PAGE_POLICY,
    })
  })
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  file: PageFile | undefined,
  headers: Readonly<Record<string, string>>,
): void {
  if (!file) return refuse(response, NOT_FOUND)
  const all = {
    'content-security-policy': PAGE_POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
    vary: 'accept-encoding',
    etag: file.etag,
    ...headers,
  }
  if (isKept(request, file)) return void response.writeHead(304, all).end()
  const isCompressed = takesGzip(headerOf(request, 'accept-encoding') ?? '')
  const body = isCompressed ? file.gzipped() : file.plain
  response.writeHead(200, {
    ...all,
    'content-type': file.type,
    'content-length': body.length,
    ...(isCompressed && { 'content-encoding': 'gzip' }),
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

function isKept(request: IncomingMessage, { etag }: PageFile): boolean {
  const known = headerOf(request, 'if-none-match')
  return known !== undefined && known.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)
}

/** Whether the client takes gzip, which it says by name, and not with the weight 0. */
function takesGzip(accepted: string): boolean {
  return accepted.split(',').some((part) => /^\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*$)[\d.]+\s*)?$/i.test(part))
}
