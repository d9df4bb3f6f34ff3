import type { Readable } from 'node:stream'

/** A request of a client that knows nothing of sluice. */
export interface HttpAsked {
  method: 'GET' | 'POST'
  path: string
  headers: Record<string, string>
  body?: string | undefined
}

/** An answer whose body is yet to be read. */
export interface HttpAnswer {
  status: number
  headers: { [name: string]: unknown }
  body: Readable
  /** Once the body is over: whether it ended as HTTP ends a whole one. */
  isWhole(): boolean
}

/** The connections of one client, over one version of HTTP. */
export interface Requester {
  request(asked: HttpAsked): Promise<HttpAnswer>
  /** Cuts all connections. */
  drop(): void
}
