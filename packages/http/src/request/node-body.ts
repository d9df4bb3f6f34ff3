import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'

import { isSluiceError } from '@sluice/core'
import type { Bodies } from '@sluice/core/extend'
import type { NodeResponse } from '@sluice/sse/node'

import { alreadyRead, cut, IncomingBody, requireUnencoded, tooLarge } from './json-body.ts'

/** A request of node's HTTP/1.1 or HTTP/2 server, or of a framework that hands one out. */
export type NodeRequest = IncomingMessage | Http2ServerRequest

/** How the body of a request of node's server is read. */
export interface NodeBodyOptions {
  maxBytes: number
  /** Counts what is being received; without it nothing is counted. */
  bodies: Bodies | undefined
}

/**
 * The JSON body of a request of node's server, and its bytes. What a parser has read before, as `express.json()` does, is taken
 * from `request.body`: there are no bytes then.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`, `SLUICE_ERR_TOO_LARGE`, `SLUICE_ERR_OVERLOADED`, `SLUICE_ERR_TIMEOUT`
 */
export async function readNodeJson(
  request: NodeRequest,
  response: NodeResponse,
  { maxBytes, bodies }: NodeBodyOptions,
): Promise<{ value: unknown; bytes?: Uint8Array | undefined }> {
  // Reading again would wait for ever. Parsers leave an object there also when they have read nothing.
  if (request.readableDidRead || request.readableEnded) {
    return parsedBefore((request as { body?: unknown }).body, new IncomingBody(maxBytes, bodies))
  }
  requireUnencoded(request.headers['content-encoding'])
  if (Number(request.headers['content-length']) > maxBytes) {
    discardRest(request, response, maxBytes)
    throw tooLarge(maxBytes)
  }
  const incoming = new IncomingBody(maxBytes, bodies)
  try {
    await Promise.race([receive(request, incoming), incoming.refused])
    return await Promise.race([incoming.read(), incoming.refused])
  } catch (error) {
    if (!request.readableEnded) discardRest(request, response, isSlow(error) ? 0 : maxBytes)
    throw error
  } finally {
    incoming.close()
  }
}

/** What a parser has made of a body that is read already: a value, or the bytes or text of one. */
async function parsedBefore(body: unknown, incoming: IncomingBody): Promise<{ value: unknown; bytes?: Uint8Array }> {
  if (body === undefined) throw alreadyRead('request.body is undefined')
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) return { value: body }
  try {
    incoming.push(typeof body === 'string' ? Buffer.from(body) : body)
    return await Promise.race([incoming.refused, Promise.resolve().then(() => incoming.read())])
  } finally {
    incoming.close()
  }
}

/** By events: iterating would destroy the request, and its socket with it, when the body is given up halfway. */
function receive(request: NodeRequest, incoming: IncomingBody): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (settled: () => void): void => {
      request.off('data', onData).off('end', onEnd).off('error', onCut).off('close', onCut)
      settled()
    }
    // Whoever refuses a body says so by rejecting; it is not listened to any more.
    const onData = (chunk: Uint8Array): void => void (incoming.push(chunk) || settle(() => {}))
    const onEnd = (): void => settle(resolve)
    const onCut = (): void => {
      // An error that is reported later has nobody to hear it.
      request.on('error', () => {})
      settle(() => reject(cut()))
    }
    incoming.refused.catch(() => settle(() => {}))
    if (request.destroyed && !request.readableEnded) return onCut()
    request.on('data', onData).on('end', onEnd).on('error', onCut).on('close', onCut)
    return undefined
  })
}

/** How much more than allowed is received and thrown away for the sake of the connection, as a multiple. */
const MAX_DISCARDED = 16

/** A client reads its answer once it has sent its body; one that would send for ever, or slowly, loses its connection instead. */
function discardRest(request: NodeRequest, response: NodeResponse, maxBytes: number): void {
  const isShort = Number(request.headers['content-length']) <= MAX_DISCARDED * maxBytes
  if (!isShort && 'shouldKeepAlive' in response) response.shouldKeepAlive = false
  request.resume()
}

/** What comes too slowly is not waited for to be thrown away. */
function isSlow(error: unknown): boolean {
  return isSluiceError(error) && error.code === 'SLUICE_ERR_TIMEOUT'
}
