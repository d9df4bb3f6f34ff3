import { Code } from '@connectrpc/connect'

import { grpcTrailers } from './grpc-trailers.ts'
import type { NodeRequest, NodeResponse } from './discard-rest.ts'

const MAX_SHOWN_CHARS = 200

/** The service that a path names: all before its last slash. */
export function serviceOf(path: string): string {
  return path.slice(1, Math.max(1, path.lastIndexOf('/')))
}

/**
 * Refuses a call of a method that there is not, by its name, in the words of the protocol that it came in: gRPC and gRPC-Web have
 * a status of 200 for all that is theirs, Connect has JSON. What names no service here may be no call at all: 404.
 */
export function refuseUnknownMethod(path: string, known: readonly string[], { request, response }: Exchange): void {
  const message = messageOf(path, known)
  const type = request.headers['content-type'] ?? ''
  const isOurs = known.some((other) => serviceOf(other) === serviceOf(path))
  const answer = response as { setHeader(name: string, value: string): void; statusCode: number } & NodeResponse
  if (/^application\/grpc/i.test(type)) {
    if (!isOurs) answer.statusCode = 404
    const trailers = grpcTrailers({ code: Code.Unimplemented, message })
    for (const [name, value] of Object.entries({ 'content-type': type, ...trailers })) answer.setHeader(name, value)
    return void answer.end()
  }
  answer.statusCode = 404
  answer.setHeader('content-type', 'application/json')
  answer.end(JSON.stringify({ code: 'unimplemented', message }))
}

interface Exchange {
  readonly request: NodeRequest
  readonly response: NodeResponse
}

function messageOf(path: string, known: readonly string[]): string {
  const shown = path.slice(0, MAX_SHOWN_CHARS)
  const service = serviceOf(path)
  const siblings = known.filter((other) => serviceOf(other) === service)
  if (siblings.length === 0) {
    const services = [...new Set(known.map(serviceOf))]
    return `There is no method ${shown} here; the services are ${services.join(', ')}.`
  }
  const methods = siblings.map((sibling) => sibling.slice(sibling.lastIndexOf('/') + 1))
  return `There is no method ${shown} here; ${service} has ${methods.join(', ')}.`
}
