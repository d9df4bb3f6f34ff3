import { isSluiceError, type Json, type Principal, type Sluice, type Source, type StreamOptions } from '@sluice/core'
import {
  invalidOption,
  madeInTime,
  ownedKey,
  requireKnownNames,
  requirePrincipal,
  resolveStreamOptions,
} from '@sluice/core/extend'
import { UI_MESSAGE_STREAM_HEADERS, uiMessageStream } from '@sluice/wires/ai-sdk'
import * as z from 'zod/mini'

import { attachFor } from '../reading/attach.ts'
import { toRefusalPlan } from '../reading/refusal.ts'
import { planStreaming } from '../reading/streaming-plan.ts'
import { planTokens } from '../reading/tokens.ts'
import { readIdsQuery } from '../request/client-query.ts'
import { CURSOR_QUERY, readCursor } from '../request/cursor-request.ts'
import type { HttpRequest } from '../request/http-request.ts'
import type { Identify } from '../request/identify.ts'
import { requireJsonType, requireOwnPage } from '../request/json-type.ts'
import { bodyOf } from '../request/safe-body.ts'
import { parseWith } from '../request/start-body.ts'
import { emptyPlan, headOf, type Plan, withHeaders } from '../response/plan.ts'
import { notAllowedPlan, notHerePlan } from '../response/path-refusal.ts'
import { isMasked, wireErrorOf } from '../response/problem.ts'
import { type ChatRoute, matchChatRoute, MAX_CHAT_ID, methodOf, streamPathOf } from './chat-routes.ts'

/** What `useChat` posts: the chat, its messages so far, and what its transport was told to add. */
export interface UiChatBody {
  /** The chat's id. */
  readonly id: string
  /** `UIMessage`s of the AI SDK. */
  readonly messages: readonly Json[]
  readonly [name: string]: Json | undefined
}

/** Options of {@link createUiChat}. */
export interface UiChatOptions<Raw = unknown> extends Pick<StreamOptions, 'onDisconnect' | 'retentionMs'> {
  sluice: Sluice
  /** Says who sent a request: a principal; `undefined` or `null` for a stranger, who gets a 401. Bounded: 5 seconds. */
  identify: Identify<Raw>
  /**
   * Makes the source of an answer: `fromAiSdk` of `@sluice/wires/ai-sdk` around `streamText`, or any other. Bounded: the time in which
   * a source must have said its first word.
   */
  source: (body: UiChatBody, context: { request: HttpRequest<Raw>; principal: Principal }) => Source | Promise<Source>
  /** Is told what clients are not: failures that are answered with a 500 and no further word. What it throws changes nothing. */
  onError?: ((error: unknown, request: HttpRequest<Raw>) => void) | undefined
}

/** The routes that `useChat` asks. */
export interface UiChat<Raw = unknown> {
  /** Whether a path below the mount is one of these routes. */
  owns(path: string): boolean
  /** The answer to a request. Never rejects. */
  handle(request: HttpRequest<Raw>): Promise<Plan>
}

const OPTIONS: readonly string[] = ['sluice', 'identify', 'source', 'onError', 'onDisconnect', 'retentionMs']
const bodySchema = z.looseObject({
  id: z.string().check(z.minLength(1), z.maxLength(MAX_CHAT_ID), z.refine(isWellFormed, 'it has half of a character')),
  messages: z.array(z.unknown()),
})

/**
 * Answers the AI SDK's `useChat` as it is, with `DefaultChatTransport` and `resume: true`, below the path that is its `api`:
 *
 * - `POST` starts an answer and streams it. It goes on when its reader leaves, and a new one of the same chat replaces it.
 * - `GET /{chatId}/stream` gives the answer that runs, from its beginning, as the same message; 204 when none does. With a cursor
 *   (`Last-Event-ID`; a client asks for ids with `?ids=1`) it goes on after that.
 * - `POST /{chatId}/stop` stops it, on whatever instance it runs: what the Stop button of a page that resumes must call, because
 *   `stop()` only leaves.
 *
 * A chat is its owner's: another's of the same id is another chat.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @see https://ai-sdk.dev/docs/ai-sdk-ui/chatbot-resume-streams
 * @example
 * ```ts
 * const chat = createUiChat({ sluice, identify, source: ({ messages }) => runner.generate.bind(runner, messages) })
 * createServer(async (request, response) => {
 *   await sendPlan(response, await chat.handle(toHttpRequest(request, response, { mount: '/api/chat' })))
 * })
 * ```
 */
export function createUiChat<Raw = unknown>(options: UiChatOptions<Raw>): UiChat<Raw> {
  requireKnownNames('createUiChat', options, OPTIONS)
  const { sluice, identify, onError, onDisconnect = 'continue', retentionMs } = options
  // Not with the first message: who writes them wrong is told when it is written.
  resolveStreamOptions({ onDisconnect, retentionMs })
  if (typeof identify !== 'function') throw invalidOption('identify', identify, 'a function: who sends a request?')
  if (typeof options.source !== 'function')
    throw invalidOption('source', options.source, 'a function that makes the source of an answer')

  async function answer(route: ChatRoute, request: HttpRequest<Raw>): Promise<Plan> {
    const method = methodOf(route)
    if (request.method !== method && !(request.method === 'HEAD' && method === 'GET')) return notAllowedPlan(method)
    const principal = await requirePrincipal(sluice.scheduler, identify(request.raw))
    if (route.is === 'start') return start(request, principal)
    const ref = { key: await ownedKey(principal, 'chat', route.chatId) }
    if (route.is === 'resume') {
      const plan = await whereRunning(() => resume(request, ref, principal))
      return locatedAt(plan, streamPathOf(request.mount, route.chatId))
    }
    // A chat's id can be guessed, and cookies come along.
    requireOwnPage(request)
    return whereRunning(async () => void (await sluice.cancel(ref, { as: principal })))
  }

  async function start(request: HttpRequest<Raw>, principal: Principal): Promise<Plan> {
    requireJsonType(request)
    const whole = await bodyOf({ sluice }, request)
    const { id } = parseWith(bodySchema, whole)
    const made = options.source(whole as unknown as UiChatBody, { request, principal })
    const source = await madeInTime(sluice, made)
    const { stream: _, ...plan } = await planTokens(sluice, withoutCursor(request), source, {
      as: principal,
      wire: uiMessageStream,
      key: await ownedKey(principal, 'chat', id),
      ifRunning: 'cancel',
      onDisconnect,
      ...(retentionMs !== undefined && { retentionMs }),
    })
    return locatedAt(plan, streamPathOf(request.mount, id))
  }

  async function resume(request: HttpRequest<Raw>, ref: { key: string }, as: Principal): Promise<Plan> {
    const cursor = readCursor(request, { wire: uiMessageStream })
    const { stream, plan } = await attachFor(sluice, { ref, after: cursor?.cursor, as })
    if (!stream) return plan
    // What has ended is in the page's messages already, unless its client says where it was.
    if (stream.end && !cursor) return emptyPlan(204)
    const reading = readIdsQuery(request.query)
    return planStreaming(sluice, {
      stream,
      wire: uiMessageStream,
      mount: request.mount,
      continues: cursor?.continues,
      reading,
    })
  }

  /** Contract 13: who is told of a failure makes none. */
  function report(error: unknown, request: HttpRequest<Raw>): void {
    try {
      onError?.(error, request)
    } catch {
      // There is nobody left to tell.
    }
  }

  return {
    owns: (path) => matchChatRoute(path) !== undefined,
    async handle(request) {
      let plan: Plan
      try {
        const route = matchChatRoute(request.path)
        plan = route ? await answer(route, request) : notHerePlan()
      } catch (error) {
        if (isMasked(error)) report(error, request)
        plan = toRefusalPlan(wireErrorOf(error), { shape: 'problem', forgiving: false })
      }
      if (plan.status === 200) plan = withHeaders(plan, UI_MESSAGE_STREAM_HEADERS)
      return request.method === 'HEAD' ? headOf(plan) : plan
    },
  }
}

function isWellFormed(id: string): boolean {
  return id.isWellFormed()
}

/** A chat of which nothing runs, or ever ran, has nothing to say. */
async function whereRunning(act: () => Promise<Plan | void>): Promise<Plan> {
  try {
    return (await act()) ?? emptyPlan(204)
  } catch (error) {
    if (isSluiceError(error) && ['SLUICE_ERR_NOT_FOUND', 'SLUICE_ERR_GONE'].includes(error.code)) {
      return emptyPlan(204)
    }
    throw error
  }
}

/** A chat has its streams nowhere but at its own path. */
function locatedAt(plan: Plan, path: string): Plan {
  return plan.headers['content-location'] === undefined ? plan : withHeaders(plan, { 'content-location': path })
}

/** A `POST` always is a new answer: it has no place in an earlier one. */
function withoutCursor<Raw>(request: HttpRequest<Raw>): HttpRequest<Raw> {
  const query = new URLSearchParams(request.query)
  for (const name of CURSOR_QUERY) query.delete(name)
  return { ...request, query, header: (name) => (name === 'last-event-id' ? undefined : request.header(name)) }
}
