import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'

import { SluiceError } from '@sluice/core'
import { joinBytes } from '@sluice/core/extend'
import type { NodeResponse } from '@sluice/sse/node'

import { alreadyRead, readJsonBody, requireUnencoded, tooLarge } from './json-body.ts'

/** A request of node's HTTP/1.1 or HTTP/2 server, or of a framework that hands one out. */
export type NodeRequest = IncomingMessage | Http2ServerRequest

/**
 * The JSON body of a request of node's server, and its text. What a parser has read before, as `express.json()` does, is taken
 * from `request.body`: there is no text then.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`, `SLUICE_ERR_TOO_LARGE`
 */
export async function readNodeJson(
  request: NodeRequest,
  response: NodeResponse,
  maxBytes: number,
): Promise<{ value: unknown; text?: string | undefined }> {
  // Reading again would wait for ever. Parsers leave an object there also when they have read nothing.
  if (request.readableDidRead || request.readableEnded) return parsedBefore((request as { body?: unknown }).body)
  requireUnencoded(request.headers['content-encoding'])
  if (Number(request.headers['content-length']) > maxBytes) {
    discardRest(request, response, maxBytes)
    throw tooLarge(maxBytes)
  }
  return readJsonBody(await readBytes(request, response, maxBytes))
}

/** What a parser has made of a body that is read already: a value, or the bytes or text of one. */
function parsedBefore(body: unknown): { value: unknown; text?: string } {
  if (typeof body === 'string') return readJsonBody(Buffer.from(body))
  if (body instanceof Uint8Array) return readJsonBody(body)
  if (body === undefined) throw alreadyRead('request.body is undefined')
  return { value: body }
}

/** By events: iterating would destroy the request, and its socket with it, when the body is given up halfway. */
function readBytes(request: NodeRequest, response: NodeResponse, maxBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let length = 0
    const settle = (settled: () => void): void => {
      request.off('data', onData).off('end', onEnd).off('error', onCut).off('close', onCut)
      settled()
    }
    const onData = (chunk: Uint8Array): void => {
      length += chunk.byteLength
      if (length > maxBytes) {
        settle(() => reject(tooLarge(maxBytes)))
        discardRest(request, response, maxBytes)
      } else chunks.push(chunk)
    }
    const onEnd = (): void => settle(() => resolve(joinBytes(chunks)))
    const onCut = (): void => {
      // An error that is reported later has nobody to hear it.
      request.on('error', () => {})
      settle(() => reject(new SluiceError('SLUICE_ERR_REQUEST', 'The body was cut.')))
    }
    if (request.destroyed && !request.readableEnded) return onCut()
    request.on('data', onData).on('end', onEnd).on('error', onCut).on('close', onCut)
    return undefined
  })
}

/** How much more than allowed is received and thrown away for the sake of the connection, as a multiple. */
const MAX_DISCARDED = 16

/** A client reads its answer once it has sent its body; one that would send for ever loses its connection instead. */
function discardRest(request: NodeRequest, response: NodeResponse, maxBytes: number): void {
  const isShort = Number(request.headers['content-length']) <= MAX_DISCARDED * maxBytes
  if (!isShort && 'shouldKeepAlive' in response) response.shouldKeepAlive = false
  request.resume()
}
