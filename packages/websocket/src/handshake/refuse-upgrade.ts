import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

import type { SluiceError } from '@sluice/core'

import { isMasked } from '../message/server-message.ts'

/** Answers a request for a socket with an error, as HTTP does, and ends the connection. */
export function refuseUpgrade(socket: Duplex, error: unknown): void {
  if (socket.destroyed || !socket.writable) return void socket.destroy()
  // What a stranger is told was written for strangers; of the rest nothing.
  const { status, code, message, retryAfterMs } = isMasked(error) ? INTERNAL : (error as SluiceError)
  const title = STATUS_CODES[status] ?? 'Error'
  const body = JSON.stringify({ type: 'about:blank', title, status, detail: message, code })
  const head = [
    `HTTP/1.1 ${status} ${title}`,
    'Connection: close',
    'Content-Type: application/problem+json',
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(status === 401 ? ['WWW-Authenticate: Bearer'] : []),
    ...(retryAfterMs === undefined ? [] : [`Retry-After: ${Math.ceil(retryAfterMs / 1000)}`]),
  ]
  // Both ways: a client that never closes its side would keep the socket.
  socket.once('finish', () => socket.destroy())
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

const INTERNAL = {
  status: 500,
  code: 'SLUICE_ERR_INTERNAL',
  message: 'Something went wrong on the server.',
  retryAfterMs: undefined,
}
