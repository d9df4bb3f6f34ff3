import type { IncomingMessage } from 'node:http'

import { isForeignHost, isFromElsewhere } from '@sluice/core/extend'
import { corsHeaders, type ResolvedCorsOptions } from '@sluice/http'

import type { Refusal } from './refusal.ts'
import { headerOf, pathOf } from './request-words.ts'

/** Which pages are let in. */
export interface PageRules {
  readonly cors: ResolvedCorsOptions | undefined
  /** Whether pages may be let in at a path: where the API is, and not what is for operators. */
  readonly isForPages: (path: string) => boolean
  /** What requests may call this server; nothing where they may call it what they like. */
  readonly hosts: ReadonlySet<string> | undefined
}

/**
 * Why a page may not send this: it is of an origin that is not let in, and no preflight has asked for it, since a form could
 * send the same. What it would read of the answer it could not, but the answer would have been made.
 */
export function strangersRefusal({ cors, isForPages }: PageRules, request: IncomingMessage): Refusal | undefined {
  const { origin, host, referer, 'content-type': type = '' } = request.headers
  if (request.method !== 'POST' || !isForPages(pathOf(request)) || isAskedFor(type)) return undefined
  // No page can send this header unasked either.
  if (origin === undefined && request.headers.authorization !== undefined) return undefined
  if (!isFromElsewhere({ origin, host, fetchSite: headerOf(request, 'sec-fetch-site'), referer })) return undefined
  if (cors && corsHeaders(cors, { header: () => origin })['access-control-allow-origin'] !== undefined) return undefined
  const message = 'Pages of this origin may not send this: --cors-origin names those that may.'
  return { status: 403, message, code: 'origin_not_allowed' }
}

/** Types that pages may not send elsewhere without a preflight. */
function isAskedFor(type: string): boolean {
  return /^application\/(?!x-www-form-urlencoded)[^;,\s]+\s*(?:;|$)/i.test(type)
}

/** Why a request that names another server than this one is not taken; see `isForeignHost`. */
export function foreignHostRefusal(
  { hosts }: Pick<PageRules, 'hosts'>,
  { headers }: IncomingMessage,
): Refusal | undefined {
  if (hosts === undefined || headers.host === undefined || !isForeignHost(headers.host, hosts)) return undefined
  const message =
    'This server does not go by the name that the request calls it: --allowed-host names those it goes by.'
  return { status: 403, message, code: 'host_not_allowed' }
}
