import { type HttpRequest, type Plan, readIdempotencyKey } from '@sluice/http'

import type { RepeatKey } from '../engine/repeat-key.ts'
import { wrongRequest } from './request-error.ts'

/** Which part of a list. */
export interface PageQuery {
  readonly after: string | undefined
  readonly limit: number
}

const DEFAULT_LIMIT = 20

/** @throws SluiceError `SLUICE_ERR_REQUEST` */
export function readPage(query: URLSearchParams, { after, max }: { after: string; max: number }): PageQuery {
  const limit = query.get('limit')
  const count = limit === null ? DEFAULT_LIMIT : Number(limit)
  if (!Number.isInteger(count) || count < 1 || count > max) {
    throw wrongRequest({ message: `"limit" must be a whole number from 1 to ${max}.`, param: 'limit' })
  }
  return { after: query.get(after) ?? undefined, limit: count }
}

/** An `Idempotency-Key`, quoted or bare. @throws SluiceError `SLUICE_ERR_REQUEST` */
export function readRepeatKey(request: Pick<HttpRequest, 'header'>): string | undefined {
  try {
    return readIdempotencyKey(request)
  } catch (error) {
    throw wrongRequest({ message: (error as Error).message, param: 'Idempotency-Key' })
  }
}

/** A key with what was asked by it. */
export function repeatOf(key: string | undefined, fingerprint: string): RepeatKey | undefined {
  return key === undefined ? undefined : { key, fingerprint }
}

type JsonObject = { readonly [name: string]: unknown }

/** @throws SluiceError `SLUICE_ERR_REQUEST` */
export function requireObject(body: unknown, known: readonly string[]): JsonObject {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw wrongRequest({ message: 'The body must be an object.' })
  }
  const unknown = Object.keys(body).find((name) => !known.includes(name))
  if (unknown === undefined) return body as JsonObject
  const message = `The body has an unknown member ${JSON.stringify(unknown.slice(0, 80))}; there are: ${known.join(', ')}.`
  throw wrongRequest({ message, param: unknown.slice(0, 80) })
}

const HOUR_MS = 3_600_000
const MAX_HOURS = 168

/** `24h`, as milliseconds. @throws SluiceError `SLUICE_ERR_REQUEST` */
export function readWindow(value: unknown): number {
  const hours = typeof value === 'string' && /^\d{1,3}h$/.test(value) ? Number(value.slice(0, -1)) : 0
  if (hours >= 1 && hours <= MAX_HOURS) return hours * HOUR_MS
  const message = `"completion_window" must be "24h", or another number of hours up to ${MAX_HOURS}.`
  throw wrongRequest({ message, param: 'completion_window', code: 'invalid_completion_window' })
}

const MIN_KEPT_S = 3_600
const MAX_KEPT_S = 2_592_000

/** `{ anchor: 'created_at', seconds }`, as milliseconds. @throws SluiceError `SLUICE_ERR_REQUEST` */
export function readKeepMs(value: unknown, param: string): number | undefined {
  if (value === undefined || value === null) return undefined
  const { anchor, seconds } = value as { anchor?: unknown; seconds?: unknown }
  if (anchor === 'created_at' && Number.isInteger(seconds)) {
    if ((seconds as number) >= MIN_KEPT_S && (seconds as number) <= MAX_KEPT_S) return 1_000 * (seconds as number)
  }
  const message = `"${param}" must have the anchor "created_at" and seconds from ${MIN_KEPT_S} to ${MAX_KEPT_S}.`
  throw wrongRequest({ message, param })
}

const MAX_PAIRS = 16
const MAX_NAME = 64
const MAX_VALUE = 512

/** @throws SluiceError `SLUICE_ERR_REQUEST` */
export function readMetadata(value: unknown): { readonly [name: string]: string } | null {
  if (value === undefined || value === null) return null
  const pairs = typeof value === 'object' && !Array.isArray(value) ? Object.entries(value) : undefined
  const isGood = pairs?.every(
    ([name, text]) => name.length <= MAX_NAME && typeof text === 'string' && text.length <= MAX_VALUE,
  )
  if (pairs && isGood && pairs.length <= MAX_PAIRS) return value as { readonly [name: string]: string }
  const message = `"metadata" must be an object of at most ${MAX_PAIRS} texts: names of ${MAX_NAME} characters, values of ${MAX_VALUE}.`
  throw wrongRequest({ message, param: 'metadata' })
}

/** What a handler gives. */
export type Answer = Promise<Plan>
