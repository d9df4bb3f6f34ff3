import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Principal } from '@sluice/core'
import type { FastifyInstance } from 'fastify'

import { passOn, type PassOnParts } from './pass-on.ts'
import { NOT_FOUND, type Refusal, refuse, UNAUTHORIZED } from '../door/refusal.ts'

/** What answers for what is below the mount and is no stream. */
export interface ApiRouteParts {
  readonly mount: string
  readonly identify: (request: IncomingMessage) => Principal | undefined
  /** Without a backend there are the demo's models. */
  readonly passing: PassOnParts | undefined
  readonly models: () => readonly string[]
  /** Why something that is the backend's is not passed on. */
  readonly refusalOf: (request: IncomingMessage) => Refusal | undefined
}

/** Everything below the mount that is not a stream goes to the backend unchanged; the demo knows its models only. */
export function mountApiRoutes(app: FastifyInstance, parts: ApiRouteParts): void {
  const { mount, identify, passing, models, refusalOf } = parts
  void app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null))
    const answer = (respond: (request: IncomingMessage, response: ServerResponse) => unknown) => {
      return (request: { raw: IncomingMessage }, reply: { raw: ServerResponse; hijack(): unknown }): void => {
        reply.hijack()
        const refusal = identify(request.raw) ? refusalOf(request.raw) : UNAUTHORIZED
        if (refusal) refuse(reply.raw, refusal)
        else void respond(request.raw, reply.raw)
      }
    }
    if (passing)
      scope.all(
        `${mount}/*`,
        answer((request, response) => passOn(request, response, passing)),
      )
    else {
      scope.get(
        `${mount}/models`,
        answer((_request, response) => sendModels(response, models())),
      )
      scope.all(
        `${mount}/*`,
        answer((_request, response) => refuse(response, NOT_FOUND)),
      )
    }
    done()
  })
}

function sendModels(response: ServerResponse, ids: readonly string[]): void {
  const data = ids.map((id) => ({ id, object: 'model', created: 0, owned_by: 'sluice' }))
  const body = JSON.stringify({ object: 'list', data })
  response.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  })
  response.end(response.req.method === 'HEAD' ? undefined : body)
}
