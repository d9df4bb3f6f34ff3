import { type Json, type Sluice, SluiceError } from '@sluice/core'
import type { JobSource } from '@sluice/jobs'
import type { LaterJob } from '@sluice/jobs/http'
import type { ExtensionAsked, LaterAsked } from '@sluice/http'
import type { FastifyRequest } from 'fastify'

import type { RunnerFor } from '../asking/backend-runner.ts'
import type { AskedFormat } from '../asking/chat-translation.ts'
import { backendResponseId } from '../asking/previous-response.ts'
import { itemsIn } from '../asking/stored-items.ts'
import { requestIdOf } from '../door/front-door.ts'
import { credentialOf } from '../upstream/backend-key.ts'
import { toChatHeaders } from '../upstream/headers.ts'
import type { KeyVault } from './key-vault.ts'

/** Names of the sources that jobs have here: in whose format an answer is asked for. */
export const FORMATS: readonly AskedFormat[] = ['chat', 'responses', 'messages']

/** What is kept of a start until a worker asks the backend for its answer. */
interface AnswerInput {
  readonly body: { readonly [name: string]: Json }
  readonly headers: { readonly [name: string]: string }
  readonly requestId?: string | undefined
  /** The client's key, sealed. */
  readonly key?: string | undefined
}

/** What a job is made of. */
type Asked = Pick<LaterAsked<FastifyRequest>, 'format' | 'body' | 'request'>

/** The job that a start becomes: all that the backend is to be asked with. */
export function answerJobOf({ format, body, request }: Asked, vault: KeyVault): LaterJob {
  const { headers, raw } = request.raw
  const requestId = requestIdOf(raw)
  const key = vault.seal(credentialOf(headers))
  const input = {
    body: body as AnswerInput['body'],
    headers: toChatHeaders(headers),
    requestId,
    ...(key !== undefined && { key }),
  }
  return { source: format, input: input as unknown as Json }
}

/** The same of what was posted to `/jobs`. @throws SluiceError `SLUICE_ERR_REQUEST` */
export function submittedAnswer(
  source: string,
  input: Json | undefined,
  { request }: ExtensionAsked<FastifyRequest>,
): Asked {
  const format = FORMATS.find((name) => name === source)
  if (!format) throw new SluiceError('SLUICE_ERR_REQUEST', `"source" must be one of ${FORMATS.join(', ')}.`)
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw new SluiceError('SLUICE_ERR_REQUEST', `"input" must be the body of a request for ${format}, an object.`)
  return { format, body: input as Asked['body'], request }
}

/** Asks the backend for the answer that a job is. */
export function answerSource(
  sluice: Sluice,
  { runnerFor, vault }: { runnerFor: RunnerFor; vault: KeyVault },
): JobSource {
  return (context) => {
    const { body, headers, requestId, key } = context.input as unknown as AnswerInput
    const { as, source: format } = context.job
    const source = runnerFor(body, {
      headers,
      authorization: vault.open(key),
      format: format as AskedFormat,
      requestId,
      backendIdOf: (id) => backendResponseId(sluice, id, as),
      itemsOf: itemsIn(sluice, as),
    })
    return source(context)
  }
}
