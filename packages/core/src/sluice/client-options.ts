import { SluiceError } from '../events/errors.ts'
import { isDeeperThan } from '../events/json/json-depth.ts'
import { MAX_JSON_DEPTH } from '../events/json/json-limits.ts'
import type { Json } from '../events/json.ts'
import type { OnDisconnect } from '../store/stream-options.ts'
import type { DeliverOptions } from './prepare-delivery.ts'
import type { StartOptions } from './start.ts'

/** What a client may say of its stream: the member `sluice` of a body, and its twins on each transport. */
export interface ClientOptions {
  /** Name of the stream: at most one of that name runs at a time. */
  key?: string | undefined
  /** What to do when it runs already. Default `attach`. */
  ifRunning?: StartOptions['ifRunning']
  /** What happens when the last reader has gone. It counts in place of the server's; a grace is at most an hour. */
  onDisconnect?: OnDisconnect | undefined
  /** Small facts, shown to readers and given to the source: 16,384 characters of JSON, 100 levels deep. */
  meta?: { readonly [name: string]: Json | undefined } | undefined
  /** Whether events carry ids to resume from, on wires that else have none. */
  ids?: boolean | undefined
  /** A wish: the longest time a token is to wait for others, in milliseconds, up to 60,000. */
  maxDelayMs?: number | undefined
  /** A wish: how many tokens are to travel together at most, up to 65,536. */
  maxTokens?: number | undefined
}

/** The part of {@link ClientOptions} that is about one reading. */
export interface ClientReading {
  readonly ids?: boolean | undefined
  /** How its chunks should be. The server's policy honours it within limits of its own. */
  readonly wishes?: Pick<ClientOptions, 'maxDelayMs' | 'maxTokens'> | undefined
}

/** {@link ClientOptions}, by who takes them. */
export interface ParsedClientOptions {
  /** For `Sluice.start`. */
  readonly start: Pick<StartOptions, 'key' | 'ifRunning' | 'onDisconnect' | 'meta'>
  /** For the reading. */
  readonly reading: ClientReading
}

/** Where a client has said it: that decides how an error spells it. `request` is a message of protobuf. */
export type ClientOptionsPlace = 'body' | 'query' | 'request'

type Name = keyof ClientOptions
type Rule = readonly [holds: (value: unknown) => boolean, rule: string]

const MAX_KEY_LENGTH = 256
const MAX_META_CHARS = 16 * 1024
const MAX_GRACE_MS = 3_600_000
const MAX_SHOWN_CHARS = 80

const RULES: { readonly [Key in Name]-?: Rule } = {
  key: [isKey, `a well-formed text of 1 to ${MAX_KEY_LENGTH} characters`],
  ifRunning: [isOneOf('attach', 'cancel', 'refuse'), '"attach", "cancel" or "refuse"'],
  onDisconnect: [
    isOnDisconnect,
    `"cancel", "continue" or a grace, { "graceMs": … }, of 0 to ${MAX_GRACE_MS} whole milliseconds`,
  ],
  meta: [isMeta, `an object of at most ${MAX_META_CHARS} characters of JSON and ${MAX_JSON_DEPTH} levels`],
  ids: [(value) => typeof value === 'boolean', 'true or false; in a query 1 or 0 too'],
  maxDelayMs: wholeNumber(1, 60_000),
  maxTokens: wholeNumber(1, 65_536),
}

/** Names of all that a client may say. */
export const CLIENT_OPTION_NAMES: readonly Name[] = Object.keys(RULES) as Name[]
/** Names of what it may say of one reading. */
export const CLIENT_READING_NAMES: readonly Name[] = ['ids', 'maxDelayMs', 'maxTokens']

const NOTHING_SAID: ParsedClientOptions = { start: {}, reading: {} }

/**
 * For adapters: what a client says of the stream it starts. `undefined` and `null` are nothing.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`, naming what is wrong: with an unknown name, all that are known
 * @example
 * ```ts
 * const { start, reading } = parseClientOptions({ key: 'chat-1', maxTokens: 8 })
 * ```
 */
export function parseClientOptions(value: unknown, place: ClientOptionsPlace = 'body'): ParsedClientOptions {
  return parse(value, CLIENT_OPTION_NAMES, place)
}

/**
 * For adapters: what a client says where it reads a stream that there is already. How that is started is no part of it.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`
 */
export function parseClientReading(value: unknown, place: ClientOptionsPlace = 'body'): ClientReading {
  return parse(value, CLIENT_READING_NAMES, place).reading
}

/** For adapters: what a delivery is told of what its client says. */
export function deliverOptionsOf(reading: ClientReading): Partial<DeliverOptions> {
  return reading
}

function parse(value: unknown, allowed: readonly Name[], place: ClientOptionsPlace): ParsedClientOptions {
  if (value === undefined || value === null) return NOTHING_SAID
  if (typeof value !== 'object' || Array.isArray(value)) throw refused('The field "sluice" must be an object.')
  for (const [name, said] of Object.entries(value)) {
    if (said === undefined) continue
    if (!allowed.includes(name as Name)) throw refused(whyNot(name, allowed, place))
    const [holds, rule] = RULES[name as Name]
    if (!holds(said)) throw refused(`${spell(name, place)} must be ${rule}.`)
  }
  const { key, ifRunning, onDisconnect, meta, ids, maxDelayMs, maxTokens } = value as ClientOptions
  const wishes = maxDelayMs !== undefined || maxTokens !== undefined
  // What nothing is said of is left out, so that it hides no other's word.
  const reading = { ...(ids !== undefined && { ids }), ...(wishes && { wishes: { maxDelayMs, maxTokens } }) }
  return { start: { key, ifRunning, onDisconnect, meta }, reading }
}

function whyNot(name: string, allowed: readonly Name[], place: ClientOptionsPlace): string {
  const known = `known are: ${allowed.join(', ')}.`
  if (!CLIENT_OPTION_NAMES.includes(name as Name)) return `${spell(name, place)} is not known; ${known}`
  return `${spell(name, place)} is about starting a stream, and this is about one that there is; ${known}`
}

function spell(name: string, place: ClientOptionsPlace): string {
  const shown = name.slice(0, MAX_SHOWN_CHARS)
  if (place === 'query') return `The query parameter ${JSON.stringify(shown)}`
  if (place === 'body') return `The field ${JSON.stringify(`sluice.${shown}`)}`
  return `The field ${JSON.stringify(shown.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))}`
}

function refused(message: string): SluiceError {
  return new SluiceError('SLUICE_ERR_REQUEST', message)
}

function isKey(value: unknown): boolean {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_KEY_LENGTH && value.isWellFormed()
}

function isOneOf(...texts: readonly unknown[]): (value: unknown) => boolean {
  return (value) => texts.includes(value)
}

function isWhole(value: unknown, min: number, max: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
}

function wholeNumber(min: number, max: number): Rule {
  return [(value) => isWhole(value, min, max), `a whole number from ${min} to ${max}`]
}

function isOnDisconnect(value: unknown): boolean {
  if (value === 'cancel' || value === 'continue') return true
  if (!isObject(value) || Object.keys(value).length !== 1) return false
  return isWhole(value['graceMs'], 0, MAX_GRACE_MS)
}

function isMeta(value: unknown): boolean {
  if (!isObject(value)) return false
  return !isDeeperThan(value, MAX_JSON_DEPTH) && JSON.stringify(value).length <= MAX_META_CHARS
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
