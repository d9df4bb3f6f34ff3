import { SluiceError } from '@sluice/core'

import { asksFor } from '../context/event-types.ts'
import type { WebhookPayload } from '../record/endpoint-record.ts'

/** What a webhook is to be. */
export interface WebhookOptions {
  /** Where events are sent: `https`, and a host of the public internet. */
  readonly url: string
  /** Types of events: `job.succeeded`, all of a kind as `job.*`, or `*`. */
  readonly events: readonly string[]
  /**
   * `thin`: what an event is about, to be asked for. `full`: also what there is to say, as far as it is short.
   * @defaultValue `thin`
   */
  readonly payload?: WebhookPayload | undefined
  /** For its owner. At most 500 characters. */
  readonly description?: string | undefined
}

/** What is changed of a webhook. What is left out stays. */
export interface WebhookChanges extends Partial<WebhookOptions> {
  /** Switches it on or off. On: what is known of its receiver's failures is forgotten. */
  readonly enabled?: boolean | undefined
}

const MOST_PATTERNS = 64
const MOST_DESCRIPTION = 500
const NAMES = ['url', 'events', 'payload', 'description']

/** What was said of a webhook, but for its URL, checked. What it does not name is not there. */
export type CheckedChanges = Omit<WebhookChanges, 'url'> & { readonly url?: unknown }

/** @throws SluiceError `SLUICE_ERR_REQUEST`: these come from whoever registers a webhook */
export function checkChanges(given: unknown, known: readonly string[], alsoEnabled: boolean): CheckedChanges {
  const names = alsoEnabled ? [...NAMES, 'enabled'] : NAMES
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw badRequest(`What is said of a webhook must be an object with any of ${names.join(', ')}.`)
  const unknown = Object.keys(given).find((name) => !names.includes(name))
  if (unknown !== undefined)
    throw badRequest(`A webhook has no ${JSON.stringify(unknown.slice(0, 80))}; known are ${names.join(', ')}.`)
  const { url, events, payload, description, enabled } = given as Record<string, unknown>
  if (payload !== undefined && payload !== 'thin' && payload !== 'full')
    throw badRequest('The payload of a webhook must be "thin" or "full".')
  if (description !== undefined && (typeof description !== 'string' || description.length > MOST_DESCRIPTION))
    throw badRequest(`The description of a webhook must be a text of at most ${MOST_DESCRIPTION} characters.`)
  if (enabled !== undefined && typeof enabled !== 'boolean')
    throw badRequest('Whether a webhook is enabled must be true or false.')
  return {
    ...(url !== undefined && { url }),
    ...(events !== undefined && { events: requireEvents(events, known) }),
    ...(payload !== undefined && { payload }),
    ...(description !== undefined && { description }),
    ...(enabled !== undefined && { enabled }),
  }
}

/** Types of events that a webhook asks for. A name that stands for nothing would silently never come. */
export function requireEvents(events: unknown, known: readonly string[]): readonly string[] {
  if (!Array.isArray(events) || events.length === 0 || events.length > MOST_PATTERNS)
    throw badRequest(`The events of a webhook must be a list of 1 to ${MOST_PATTERNS} types of events.`)
  for (const pattern of events as unknown[]) {
    if (typeof pattern === 'string' && known.some((type) => asksFor([pattern], type))) continue
    const shown = typeof pattern === 'string' ? JSON.stringify(pattern.slice(0, 80)) : 'what is no text'
    throw badRequest(
      `The events of a webhook have ${shown}; known are ${known.join(', ')}, the beginning of some with .* behind it, and *.`,
    )
  }
  return [...new Set(events as readonly string[])]
}

function badRequest(message: string): SluiceError {
  return new SluiceError('SLUICE_ERR_REQUEST', message)
}
