import type { JsonObject } from '@bufbuild/protobuf'
import {
  type ClientReading,
  type OnDisconnect,
  parseClientOptions,
  SluiceError,
  type StartOptions,
  type StreamRef as CoreRef,
} from '@sluice/core'
import {
  fingerprintOf,
  type JsonLimits,
  parseClientReading,
  requireSafeJson,
  requireSafeLongJson,
} from '@sluice/core/extend'

import {
  IfRunning,
  type OnDisconnect as OnDisconnectMessage,
  OnDisconnect_Policy,
  type AttachRequest,
  type StartRequest,
  type StreamRef,
} from '../gen/sluice/v1/token_stream_pb.ts'

const MAX_NAME_LENGTH = 256
const MAX_READER_LENGTH = 128

/**
 * Which stream a call is about.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`
 */
export function toRef(ref: StreamRef | undefined): CoreRef {
  switch (ref?.ref.case) {
    case 'id':
      return { id: ref.ref.value }
    case 'cursor':
      return { cursor: ref.ref.value }
    case 'key':
      return { key: requireName('ref.key', ref.ref.value) }
    case undefined:
      throw refused('The field "ref" is missing: say which stream, by id, cursor or key.')
  }
}

/** More events than any stream has. */
const MAX_CREDIT = 2n ** 52n

/**
 * The credit a reading begins with.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`
 */
export function toCredit(credit: bigint | undefined): number | undefined {
  if (credit === undefined) return undefined
  // As good as unlimited, and exact.
  return credit > MAX_CREDIT ? Number(MAX_CREDIT) : Number(credit)
}

/** The name of a reading, where it has one. @throws SluiceError `SLUICE_ERR_REQUEST` */
export function toReader(reader: string): string | undefined {
  if (reader.length <= MAX_READER_LENGTH) return reader === '' ? undefined : reader
  throw refused(`The field "reader" has at most ${MAX_READER_LENGTH} characters.`)
}

/** Milliseconds, or tokens a second: more is no measure. */
const MAX_MEASURE = 1_000_000

/** What a client says that it has measured. @throws SluiceError `SLUICE_ERR_REQUEST` */
export function toMeasure(field: string, value: number | undefined): number | undefined {
  if (value === undefined || (value > 0 && value <= MAX_MEASURE)) return value
  throw refused(`The field "${field}" is above 0 and at most ${MAX_MEASURE}.`)
}

/** A request to start a stream that was understood. */
export interface ParsedStart {
  /** What the runner is given. */
  input: JsonObject
  options: Omit<StartOptions, 'as'>
  reading: ClientReading
}

/**
 * What a request to start a stream asks for.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`
 */
export async function parseStart(request: StartRequest, limits: JsonLimits): Promise<ParsedStart> {
  const { key, ifRunning, meta, onDisconnect, idempotencyKey, maxDelayMs, maxTokens } = request
  const whole = (await requireSafeLongJson(request.input ?? {}, 'The field "input"', limits)) as JsonObject
  const { sluice, ...input } = whole
  const fields = {
    key: key === '' ? undefined : key,
    ifRunning: toIfRunning(ifRunning),
    meta: meta && requireSafeJson(meta, 'The field "meta"', { limits }),
    onDisconnect: toOnDisconnect(onDisconnect),
    maxDelayMs,
    maxTokens,
  }
  // Checked by itself first, so that an error names what is wrong by where it was said.
  parseClientOptions(sluice)
  const { start, reading } = parseClientOptions({ ...(sluice as object | null), ...definedOf(fields) }, 'request')
  const idempotency = idempotencyKey === '' ? undefined : await idempotencyOf(idempotencyKey, whole)
  return { input, options: { ...start, idempotency }, reading }
}

/** What a request to read a stream asks of its reading. @throws SluiceError `SLUICE_ERR_REQUEST` */
export function parseReading({ maxDelayMs, maxTokens }: AttachRequest): ClientReading {
  return parseClientReading({ maxDelayMs, maxTokens }, 'request')
}

async function idempotencyOf(key: string, input: JsonObject): Promise<StartOptions['idempotency']> {
  return { key: `grpc:${requireName('idempotency_key', key)}`, fingerprint: await fingerprintOf(input) }
}

function definedOf(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

function toIfRunning(ifRunning: IfRunning): StartOptions['ifRunning'] {
  switch (ifRunning) {
    case IfRunning.UNSPECIFIED:
      return undefined
    case IfRunning.ATTACH:
      return 'attach'
    case IfRunning.CANCEL:
      return 'cancel'
    case IfRunning.REFUSE:
      return 'refuse'
  }
  throw refused(`The field "if_running" has the unknown value ${ifRunning}.`)
}

function toOnDisconnect(onDisconnect: OnDisconnectMessage | undefined): OnDisconnect | undefined {
  switch (onDisconnect?.policy) {
    case undefined:
    case OnDisconnect_Policy.UNSPECIFIED:
      return undefined
    case OnDisconnect_Policy.CANCEL:
      return 'cancel'
    case OnDisconnect_Policy.CONTINUE:
      return 'continue'
    case OnDisconnect_Policy.GRACE:
      return { graceMs: onDisconnect!.graceMs }
  }
  throw refused(`The field "on_disconnect.policy" has the unknown value ${onDisconnect?.policy}.`)
}

function requireName(field: string, value: string): string {
  if (value.length > 0 && value.length <= MAX_NAME_LENGTH) return value
  throw refused(`The field "${field}" has 1 to ${MAX_NAME_LENGTH} characters.`)
}

function refused(message: string): SluiceError {
  return new SluiceError('SLUICE_ERR_REQUEST', message)
}
