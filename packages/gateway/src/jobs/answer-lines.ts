import { randomUUID } from 'node:crypto'
import type { OutgoingHttpHeaders } from 'node:http'

import { createMemoryStore, createSluice, type Observer, type Principal, type Sluice } from '@sluice/core'
import { createStreamResource, type HttpRequest } from '@sluice/http'
import { messagesProvider, responsesProvider } from '@sluice/http/providers'
import type { BatchLine, LineAnswer, RunLine } from '@sluice/jobs/batch'

import type { RunnerFor } from '../asking/backend-runner.ts'
import { backendResponseId } from '../asking/previous-response.ts'
import { itemsIn } from '../asking/stored-items.ts'
import { sluiceOptionsFor } from '../options/sluice-options.ts'
import type { GatewayOptions } from '../options/gateway-options.ts'
import type { BatchKeys } from './batch-keys.ts'

/** What answers lines. */
export interface AnswerLinesParts {
  readonly options: GatewayOptions
  readonly runnerFor: RunnerFor
  readonly keys: BatchKeys
  /** Has the answers that a line may refer to. */
  readonly sluice: Sluice
  /** Are told of the answers to lines. */
  readonly observers: readonly Observer[]
}

/** Lines that are answered here. */
export interface AnsweredLines {
  readonly run: RunLine
  close(): Promise<void>
}

const MOUNT = '/v1'
/** How many answers there may be is bounded by how many lines are asked at a time. */
const MANY = 1_000_000

interface AskedLine {
  readonly owner: Principal
  readonly authorization: string | undefined
  readonly requestId: string
  /** Headers of the backend's answer. */
  given: OutgoingHttpHeaders
}

/** Whether lines of an endpoint are answered so: what else there is, is the backend's alone, and passed on. */
export function isAnsweredHere(endpoint: string): boolean {
  return ENDPOINTS.has(endpoint)
}

const ENDPOINTS: ReadonlySet<string> = new Set(['/v1/chat/completions', '/v1/responses', '/v1/messages'])

/**
 * Answers lines as the gateway's routes would, in this process: nobody reads along, comes back, or asks for an answer again, so that none is
 * kept. They have a sluice of their own, which holds an answer in memory until it is whole: so lines do not count among what their owner
 * may start.
 */
export function answerLines({ options, runnerFor, keys, sluice, observers }: AnswerLinesParts): AnsweredLines {
  const { stream, bodies } = sluiceOptionsFor(options)
  const store = createMemoryStore({ maxBytes: options.memoryBytes })
  const lines = createSluice({
    store,
    stream: { ...stream, onDisconnect: 'cancel', retentionMs: 0 },
    limits: { streams: MANY, streamsPerOwner: MANY, startsPerSecond: MANY, startBurst: MANY },
    bodies,
    observers,
  })
  const resource = createStreamResource<AskedLine>({
    sluice: lines,
    identify: ({ owner }) => owner,
    providers: [responsesProvider, messagesProvider],
    maxJsonBytes: options.maxJsonBytes,
    runner: (body, { request: { raw, bodyText }, principal, format }) =>
      runnerFor(body, {
        headers: {},
        authorization: raw.authorization,
        format,
        requestId: raw.requestId,
        bodyText: bodyText?.(),
        backendIdOf: (id) => backendResponseId(sluice, id, principal),
        itemsOf: itemsIn(sluice, principal),
        onAnswer: (headers) => void (raw.given = headers),
      }),
  })
  return {
    async run(line, { signal }) {
      const authorization = await keys.keyOf(line.owner)
      const raw: AskedLine = { owner: line.owner, authorization, requestId: randomUUID(), given: {} }
      const plan = await resource.handle(requestOf(line, raw, signal))
      return answerOf(plan, raw)
    },
    async close() {
      await lines.drain({ withinMs: 0 })
      await store.dispose()
    },
  }
}

function requestOf({ endpoint, body }: BatchLine, raw: AskedLine, signal: AbortSignal): HttpRequest<AskedLine> {
  return {
    method: 'POST',
    path: endpoint.slice(MOUNT.length),
    query: new URLSearchParams(),
    header: (name) => (name === 'content-type' ? 'application/json' : undefined),
    body: async () => JSON.parse(body) as unknown,
    bodyText: () => body,
    signal,
    raw,
    mount: MOUNT,
  }
}

function answerOf(plan: Awaited<ReturnType<Resource['handle']>>, { given, requestId }: AskedLine): LineAnswer {
  // What is asked for as a whole is answered as one.
  if (!('body' in plan) || plan.body === undefined) throw new Error('A line was answered with a stream.')
  const again = Number(plan.headers['retry-after'] ?? given['retry-after'])
  const named = given['x-request-id']
  return {
    statusCode: plan.status,
    requestId: typeof named === 'string' ? named : requestId,
    body: plan.body,
    ...(again > 0 && { retryAfterMs: again * 1_000 }),
  }
}

type Resource = ReturnType<typeof createStreamResource>
