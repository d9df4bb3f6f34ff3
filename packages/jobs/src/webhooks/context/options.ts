import type { Runtime } from '@sluice/core'
import { invalidOption, requireInteger, requireKnownNames, withDefault } from '@sluice/core/extend'

import type { DocumentStore } from '../../documents/document-store.ts'
import { type AddressRules, resolveAddressRules, type WebhookAddressOptions } from '../address/address-options.ts'

/** How much there may be. */
export interface WebhookLimits {
  /**
   * Webhooks of one owner that are switched on, and as many that are switched off.
   * @defaultValue 16
   */
  endpoints?: number | undefined
  /**
   * Deliveries of one webhook that wait. What is more is listed as failed at once (`backlog`), and can be sent again.
   * @defaultValue 1_000
   */
  pending?: number | undefined
  /**
   * Deliveries of one webhook that are over and can be listed: so many that arrived, and so many that failed. While there are as
   * many, later ones are not kept.
   * @defaultValue 1_000
   */
  kept?: number | undefined
  /**
   * Bytes of a body. What is longer is sent without what makes it so, and says it.
   * @defaultValue 20_000
   */
  payloadBytes?: number | undefined
}

/** How deliveries are made. All of it has defaults that suit strangers' receivers. */
export interface WebhookDeliveryOptions {
  /**
   * How long before each attempt, in milliseconds; there are as many attempts. Up to a fifth is added by chance.
   * @defaultValue 0, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h and 10 h: about a day
   */
  scheduleMs?: readonly number[] | undefined
  /**
   * `Retry-After` counts up to this, in milliseconds.
   * @defaultValue 86_400_000 (a day)
   */
  maxRetryAfterMs?: number | undefined
  /**
   * How long a delivery is tried, or held back while its receiver is left alone, in milliseconds.
   * @defaultValue 259_200_000 (three days)
   */
  maxAgeMs?: number | undefined
  /**
   * How long a delivery that is over is listed, in milliseconds.
   * @defaultValue 604_800_000 (a week)
   */
  keepMs?: number | undefined
  /**
   * How long an attempt may take until its receiver is connected, TLS included, in milliseconds.
   * @defaultValue 10_000
   */
  connectMs?: number | undefined
  /**
   * How long an attempt may take, in milliseconds.
   * @defaultValue 15_000
   */
  totalMs?: number | undefined
  /**
   * After so many failures in a row one attempt at a time finds out whether the receiver is back.
   * @defaultValue 5
   */
  breakAfter?: number | undefined
  /**
   * How long the receiver is left alone then, in milliseconds; twice as long after each attempt that fails.
   * @defaultValue 30_000
   */
  pauseMs?: number | undefined
  /**
   * And at most so long.
   * @defaultValue 3_600_000 (an hour)
   */
  maxPauseMs?: number | undefined
  /**
   * A webhook that has failed for so long without a success is switched off, in milliseconds.
   * @defaultValue 432_000_000 (five days)
   */
  disableAfterMs?: number | undefined
  /**
   * Attempts on their way to one webhook, by all workers together.
   * @defaultValue 4
   */
  perEndpoint?: number | undefined
  /**
   * Attempts on their way for one owner, by one worker.
   * @defaultValue 16
   */
  perOwner?: number | undefined
  /**
   * Attempts on their way, by one worker.
   * @defaultValue 128
   */
  concurrency?: number | undefined
}

/** Options of {@link createWebhooks}. */
export interface WebhooksOptions {
  /** Where webhooks and deliveries are kept: where the jobs are, so that a job's end and its deliveries are written together. */
  documents: DocumentStore
  /** Types of events of your own, beside {@link WEBHOOK_EVENTS}: dotted names. */
  eventTypes?: readonly string[] | undefined
  /** Which addresses may be called. */
  addresses?: WebhookAddressOptions | undefined
  /** How much there may be. */
  limits?: WebhookLimits | undefined
  /** How deliveries are made. */
  delivery?: WebhookDeliveryOptions | undefined
  /** Is told what an operator should know: a store that does not answer. Default: nobody. */
  onError?: ((error: unknown) => void) | undefined
  /** The clock. Default: that of the host. */
  runtime?: Runtime | undefined
}

/** {@link WebhookLimits} with nothing left open. */
export type ResolvedLimits = { readonly [Name in keyof WebhookLimits]-?: number }
/** {@link WebhookDeliveryOptions} with nothing left open. */
export type ResolvedDelivery = {
  readonly [Name in Exclude<keyof WebhookDeliveryOptions, 'scheduleMs'>]-?: number
} & { readonly scheduleMs: readonly number[] }

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const MOST_MS = 366 * DAY

/** Defaults of {@link WebhookLimits}. */
export const DEFAULT_WEBHOOK_LIMITS: ResolvedLimits = {
  endpoints: 16,
  pending: 1_000,
  kept: 1_000,
  payloadBytes: 20_000,
}

/** Defaults of {@link WebhookDeliveryOptions}. */
export const DEFAULT_WEBHOOK_DELIVERY: ResolvedDelivery = {
  scheduleMs: [0, 5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR],
  maxRetryAfterMs: DAY,
  maxAgeMs: 3 * DAY,
  keepMs: 7 * DAY,
  connectMs: 10 * SECOND,
  totalMs: 15 * SECOND,
  breakAfter: 5,
  pauseMs: 30 * SECOND,
  maxPauseMs: HOUR,
  disableAfterMs: 5 * DAY,
  perEndpoint: 4,
  perOwner: 16,
  concurrency: 128,
}

/** {@link WebhooksOptions}, checked. */
export interface ResolvedWebhooks {
  readonly eventTypes: readonly string[]
  readonly addresses: AddressRules
  readonly limits: ResolvedLimits
  readonly delivery: ResolvedDelivery
}

const NAMES = ['documents', 'eventTypes', 'addresses', 'limits', 'delivery', 'onError', 'runtime']
/** Bounds of the options that are whole numbers of something; the others are milliseconds. */
const COUNTS: Readonly<Record<string, readonly [least: number, most: number]>> = {
  endpoints: [1, 100],
  pending: [1, 1_000_000],
  kept: [0, 1_000_000],
  payloadBytes: [512, 1_048_576],
  breakAfter: [1, 1_000_000],
  perEndpoint: [1, 1_000],
  perOwner: [1, 10_000],
  concurrency: [1, 10_000],
}
const MOST_ATTEMPTS = 64

/** Fills what is left open and checks the rest. @throws SluiceError `SLUICE_ERR_OPTION` */
export function resolveWebhooksOptions(options: WebhooksOptions): ResolvedWebhooks {
  requireKnownNames('createWebhooks', options, NAMES)
  const { documents, addresses, limits = {}, delivery = {}, eventTypes = [] } = options
  if (typeof documents?.claim !== 'function') throw invalidOption('documents', documents, 'a document store')
  requireKnownNames('limits', limits, Object.keys(DEFAULT_WEBHOOK_LIMITS))
  requireKnownNames('delivery', delivery, Object.keys(DEFAULT_WEBHOOK_DELIVERY))
  const { scheduleMs: plan, ...defaults } = DEFAULT_WEBHOOK_DELIVERY
  return {
    eventTypes,
    addresses: resolveAddressRules(addresses),
    limits: wholeNumbers(limits, DEFAULT_WEBHOOK_LIMITS),
    delivery: { ...wholeNumbers(delivery, defaults), scheduleMs: scheduleOf(withDefault(delivery.scheduleMs, plan)) },
  }
}

function wholeNumbers<Group extends Readonly<Record<string, number>>>(given: object, defaults: Group): Group {
  const entries = Object.entries(defaults).map(([name, fallback]) => {
    const [least, most] = COUNTS[name] ?? [1, MOST_MS]
    const value: unknown = (given as Record<string, unknown>)[name]
    return [name, requireInteger(name, withDefault(value, fallback), least, most)]
  })
  return Object.fromEntries(entries) as Group
}

function scheduleOf(schedule: readonly number[]): readonly number[] {
  if (!Array.isArray(schedule) || schedule.length === 0 || schedule.length > MOST_ATTEMPTS)
    throw invalidOption('scheduleMs', schedule, `a list of 1 to ${MOST_ATTEMPTS} delays`)
  return schedule.map((delay: unknown) => requireInteger('scheduleMs', delay, 0, MOST_MS))
}
