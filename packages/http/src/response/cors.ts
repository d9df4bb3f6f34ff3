import { SluiceError } from '@sluice/core'
import { isOrigin, NULL_ORIGIN } from '@sluice/core/extend'
import { joinHeaderLists } from '@sluice/sse'

import type { HttpRequest } from '../request/http-request.ts'

/** Which other origins may use the resource from a page. */
export interface CorsOptions {
  /** Origins such as `https://app.example`, or `*` for every one. `null` is any page in a sandbox or from a file. */
  origins: readonly string[] | '*'
  /**
   * Whether they may send cookies. Not together with `*` or `null`: every page on the web would act in its visitor's name.
   *
   * @defaultValue false
   */
  credentials?: boolean | undefined
  /** Names of further headers of answers that scripts may see. Default: none. */
  exposed?: readonly string[] | undefined
}

/** {@link CorsOptions}, checked. */
export type ResolvedCorsOptions = { readonly [Name in keyof CorsOptions]-?: NonNullable<CorsOptions[Name]> }

/** What scripts of other origins may see beyond the safe few. */
const EXPOSED =
  'Content-Location, Location, Preference-Applied, Retry-After, Sluice-Cursor, Sluice-End, Sluice-Stream-Id'
const ALLOWED = 'Authorization, Content-Type, Idempotency-Key, Last-Event-ID, Prefer'
const MAX_AGE_SECONDS = 600
const MAX_ASKED_CHARS = 2048

/**
 * Checks `options`.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 */
export function resolveCors(options: CorsOptions | undefined): ResolvedCorsOptions | undefined {
  if (!options) return undefined
  const { origins, credentials = false, exposed = [] } = options
  if (origins === '*' && credentials) {
    throw invalid('"cors.credentials" cannot be true where "cors.origins" is "*"; name the origins')
  }
  if (origins !== '*' && !Array.isArray(origins)) throw invalid('"cors.origins" must be "*" or a list of origins')
  for (const origin of origins === '*' ? [] : origins) {
    if (origin === NULL_ORIGIN && credentials) {
      throw invalid('"cors.credentials" cannot be true where "cors.origins" has "null"; name the origins')
    }
    if (isOrigin(origin)) continue
    throw invalid(`"cors.origins" has ${JSON.stringify(origin)}; an origin looks like "https://app.example"`)
  }
  if (!Array.isArray(exposed) || !exposed.every((name) => HEADER_NAME.test(name))) {
    throw invalid('"cors.exposed" must be a list of header names')
  }
  return { origins, credentials, exposed }
}

const HEADER_NAME = /^[\w\-!#$%&'*+.^`|~]+$/

/** Headers of every answer to a page of another origin. */
export function corsHeaders(cors: ResolvedCorsOptions, request: Pick<HttpRequest, 'header'>): Record<string, string> {
  const origin = request.header('origin')
  if (cors.origins === '*') {
    return { 'access-control-allow-origin': '*', 'access-control-expose-headers': exposedBy(cors) }
  }
  if (origin === undefined || !cors.origins.includes(origin)) return {}
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': exposedBy(cors),
    ...(cors.credentials && { 'access-control-allow-credentials': 'true' }),
  }
}

function exposedBy({ exposed }: ResolvedCorsOptions): string {
  return [EXPOSED, ...exposed].join(', ')
}

/** Headers that let a page of another origin go on with what it has asked for. */
export function preflightHeaders(
  cors: ResolvedCorsOptions,
  request: Pick<HttpRequest, 'header'>,
  methods: readonly string[],
): Record<string, string> {
  const headers = corsHeaders(cors, request)
  if (headers['access-control-allow-origin'] === undefined) return {}
  delete headers['access-control-expose-headers']
  return {
    ...headers,
    'access-control-allow-methods': methods.join(', '),
    'access-control-allow-headers': allowedHeaders(request.header('access-control-request-headers')),
    'access-control-max-age': String(MAX_AGE_SECONDS),
  }
}

/** What caches must tell apart where CORS is on. */
export function varyOf(cors: ResolvedCorsOptions, vary: string | undefined): Record<string, string> {
  const list = joinHeaderLists(vary, cors.origins === '*' ? undefined : 'Origin')
  return list === '' ? {} : { vary: list }
}

/** Official clients send headers of their own (`x-stainless-…`): an allowed origin may send what it likes. */
function allowedHeaders(asked: string | undefined): string {
  if (asked === undefined || asked.length > MAX_ASKED_CHARS || !/^[\w\-!#$%&'*+.^`|~, \t]+$/.test(asked)) return ALLOWED
  return asked
}

function invalid(rule: string): SluiceError {
  return new SluiceError('SLUICE_ERR_OPTION', `The option ${rule}.`)
}
