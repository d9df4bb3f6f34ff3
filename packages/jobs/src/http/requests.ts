import { type Json, SluiceError } from '@sluice/core'
import { type HttpRequest, readIdempotencyKey } from '@sluice/http'

import type { JobPhase } from '../job/job-machine.ts'
import type { JobListOptions } from '../jobs/job-reads.ts'
import type { SubmitOptions } from '../jobs/submit.ts'

const PHASES: readonly string[] = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'expired']
const MEMBERS = ['source', 'input', 'meta', 'attempts', 'delay_ms', 'priority'] as const

/** What a client asks for by `POST /jobs`. */
export interface SubmitRequest {
  readonly source: string
  readonly input: Json | undefined
  /** Of a request that may be repeated. */
  readonly key: string | undefined
  readonly options: Omit<SubmitOptions, 'as'>
}

/** @throws SluiceError `SLUICE_ERR_REQUEST` */
export function readSubmit(body: unknown, request: Pick<HttpRequest, 'header'>): SubmitRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw wrong('The body must be an object.')
  const unknown = Object.keys(body).find((name) => !MEMBERS.some((member) => member === name))
  if (unknown !== undefined)
    throw wrong(`The body has an unknown member ${JSON.stringify(unknown)}; there are: ${MEMBERS.join(', ')}.`)
  const {
    source,
    input,
    meta,
    attempts,
    delay_ms: delayMs,
    priority,
  } = body as { [Name in (typeof MEMBERS)[number]]?: Json }
  const key = readIdempotencyKey(request)
  if (typeof source !== 'string') throw wrong('"source" must be the name of a source.')
  if (meta !== undefined && (typeof meta !== 'object' || meta === null || Array.isArray(meta)))
    throw wrong('"meta" must be an object.')
  return {
    source,
    input,
    key,
    options: {
      meta: meta as SubmitOptions['meta'],
      attempts: whole('attempts', attempts, 1, 100),
      delayMs: whole('delay_ms', delayMs, 0, 365 * 86_400_000),
      // A client goes before others of its own, not before those of the application.
      priority: whole('priority', priority, -100, 100),
    },
  }
}

/** @throws SluiceError `SLUICE_ERR_REQUEST` */
export function listQuery(query: URLSearchParams): Omit<JobListOptions, 'as'> {
  const state = query.get('state') ?? undefined
  if (state !== undefined && !PHASES.includes(state)) throw wrong(`"state" must be one of ${PHASES.join(', ')}.`)
  return { state: state as JobPhase | undefined, ...readPage(query) }
}

/** Which part of a list is asked for. @throws SluiceError `SLUICE_ERR_REQUEST` */
export function readPage(query: URLSearchParams): { after: string | undefined; limit: number | undefined } {
  const limit = query.get('limit')
  if (limit !== null && !/^\d{1,3}$/.test(limit)) throw wrong('"limit" must be a whole number from 1 to 100.')
  return {
    after: query.get('after') ?? undefined,
    limit: limit === null ? undefined : whole('limit', Number(limit), 1, 100),
  }
}

/** One page of a list, in the shape that clients of OpenAI page through. */
export function pageOf<Item extends { readonly id: string }>(data: readonly Item[], more: boolean): unknown {
  return { object: 'list', data, has_more: more, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null }
}

function whole(name: string, value: unknown, least: number, most: number): number | undefined {
  if (value === undefined) return undefined
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return value as number
  throw wrong(`"${name}" must be a whole number from ${least} to ${most}.`)
}

function wrong(message: string): SluiceError {
  return new SluiceError('SLUICE_ERR_REQUEST', message)
}
