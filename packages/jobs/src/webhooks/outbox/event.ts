import { randomBytes } from 'node:crypto'

import type { Json } from '@sluice/core'
import { invalidOption, requireInteger, requireKnownNames } from '@sluice/core/extend'

import { TEST_EVENT } from '../context/event-types.ts'
import type { WebhookPayload } from '../record/endpoint-record.ts'

/** Something that has happened, as its producer says it. */
export interface WebhookEvent {
  /** One of the types that {@link createWebhooks} knows: `job.succeeded`. */
  readonly type: string
  /** The id of what it is about: a job's. Receivers ask for it. */
  readonly about: string
  /** Counts what has happened to it: receivers, which are sent events in any order, drop one that is older than what they know. */
  readonly sequence: number
  /** What every receiver is told beside these. Small. */
  readonly data?: { readonly [name: string]: Json | undefined } | undefined
  /** What receivers with a full payload are told beside that. */
  readonly full?: { readonly [name: string]: Json | undefined } | undefined
  /** At most 64 characters of `A-Za-z0-9_-`; receivers know by it what they have had. Default: a new one. */
  readonly id?: string | undefined
  /** When it happened, in milliseconds since 1970. Default: now. */
  readonly atMs?: number | undefined
}

/** An event with an id and a time. */
export interface TimedEvent extends WebhookEvent {
  readonly id: string
  readonly atMs: number
}

const NAMES = ['type', 'about', 'sequence', 'data', 'full', 'id', 'atMs']
/** A body that says nothing else fits within any bound. */
const MOST_ABOUT = 128
const ID = /^[A-Za-z0-9_-]{1,64}$/

/** A new id, which nobody can guess. */
export function newId(prefix: string): string {
  return `${prefix}_${randomBytes(16).toString('base64url')}`
}

/** Fills what is left open and checks the rest. @throws SluiceError `SLUICE_ERR_OPTION` */
export function requireEvent(event: WebhookEvent, known: readonly string[], nowMs: number): TimedEvent {
  requireKnownNames('event', event, NAMES)
  const { type, about, sequence, id = newId('evt'), atMs = nowMs } = event
  if (type !== TEST_EVENT && !known.includes(type)) throw invalidOption('type', type, `one of ${known.join(', ')}`)
  if (typeof about !== 'string' || about === '' || about.length > MOST_ABOUT)
    throw invalidOption('about', about, `the id of what the event is about, at most ${MOST_ABOUT} characters`)
  requireInteger('sequence', sequence, 0, Number.MAX_SAFE_INTEGER)
  if (typeof id !== 'string' || !ID.test(id)) throw invalidOption('id', id, '1 to 64 characters of A-Z a-z 0-9 _ -')
  return { ...event, id, atMs: requireInteger('atMs', Math.round(atMs), 0, 8.64e15) }
}

/**
 * The body that is sent. It has what Standard Webhooks advises, and what readers of OpenAI's events look for. What makes it too
 * long is left out, and `data.omitted` says so: a receiver asks for it then.
 */
export function bodyOf(event: TimedEvent, payload: WebhookPayload, maxBytes: number): string {
  const { id, type, atMs, about, sequence, data, full } = event
  const known = { id: about, sequence }
  const write = (told: Json): string =>
    JSON.stringify({
      id,
      object: 'event',
      type,
      created_at: Math.floor(atMs / 1000),
      timestamp: new Date(atMs).toISOString(),
      data: told,
    })
  const bodies = [...(payload === 'full' && full ? [{ ...full, ...data, ...known }] : []), { ...data, ...known }]
  let longest = 0
  for (const told of bodies) {
    const body = write(longest === 0 ? told : { ...told, omitted: { bytes: longest, limit: maxBytes } })
    const bytes = Buffer.byteLength(body)
    if (bytes <= maxBytes) return body
    longest ||= bytes
  }
  return write({ ...known, omitted: { bytes: longest, limit: maxBytes } })
}
