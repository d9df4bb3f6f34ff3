import { type ServerResponse, STATUS_CODES } from 'node:http'

/** An answer that is no answer of the backend's: its status, and why. */
export interface Refusal {
  readonly status: number
  readonly message: string
  readonly code: string
  readonly headers?: Readonly<Record<string, string>> | undefined
}

const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  405: 'invalid_request_error',
  426: 'invalid_request_error',
  501: 'invalid_request_error',
}

/** The same in OpenAI's shape. */
export function refusalBody({ status, message, code }: Refusal): string {
  return JSON.stringify({ error: { message, type: TYPES[status] ?? 'server_error', param: null, code } })
}

/** Refuses a request, whose answer has not begun. */
export function refuse(response: ServerResponse, refusal: Refusal): void {
  if (response.headersSent || response.destroyed) return void response.destroy()
  const body = refusalBody(refusal)
  response.writeHead(refusal.status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...refusal.headers,
  })
  response.end(response.req.method === 'HEAD' ? undefined : body)
}

/** The same to a request that offered to upgrade its connection, and on which there is no response yet. */
export function refusalText(refusal: Refusal): string {
  const body = refusalBody(refusal)
  const head = [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    'Cache-Control: no-store',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...Object.entries(refusal.headers ?? {}).map(([name, value]) => `${name}: ${value}`),
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}

export const NOT_FOUND: Refusal = { status: 404, message: 'There is nothing at this path.', code: 'not_found' }

export const UNAUTHORIZED: Refusal = {
  status: 401,
  message: 'Say who you are: send your API key as a bearer token.',
  code: 'invalid_api_key',
  headers: { 'www-authenticate': 'Bearer' },
}
