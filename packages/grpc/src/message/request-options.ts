import {
  fingerprintOf,
  type OnDisconnect,
  requireSafeJson,
  SluiceError,
  type StartOptions,
  type StreamRef as CoreRef,
} from '@sluice/core'

import {
  IfRunning,
  type OnDisconnect as OnDisconnectMessage,
  OnDisconnect_Policy,
} from '../gen/sluice/v1/token_stream_pb.ts'
import type { StartRequest, StreamRef } from '../gen/sluice/v1/token_stream_pb.ts'

const MAX_NAME_LENGTH = 256
const MAX_META_CHARS = 16 * 1024
const MAX_GRACE_MS = 3_600_000

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

/**
 * What a request to start a stream asks for, besides its input and who asks.
 *
 * @throws SluiceError `SLUICE_ERR_REQUEST`
 */
export async function toStartOptions(request: StartRequest): Promise<Omit<StartOptions, 'as'>> {
  const { input = {}, key, ifRunning, meta, onDisconnect, idempotencyKey } = request
  const body = requireSafeJson(input, 'The request')
  if (meta !== undefined) {
    requireSafeJson(meta, 'The field "meta"')
    if (JSON.stringify(meta).length > MAX_META_CHARS)
      throw refused(`The field "meta" has at most ${MAX_META_CHARS} characters of JSON.`)
  }
  return {
    key: key === '' ? undefined : requireName('key', key),
    ifRunning: toIfRunning(ifRunning),
    meta,
    onDisconnect: toOnDisconnect(onDisconnect),
    idempotency:
      idempotencyKey === ''
        ? undefined
        : { key: `grpc:${requireName('idempotency_key', idempotencyKey)}`, fingerprint: await fingerprintOf(body) },
  }
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
    case OnDisconnect_Policy.GRACE: {
      const { graceMs } = onDisconnect!
      if (graceMs <= MAX_GRACE_MS) return { graceMs }
      throw refused(`The field "on_disconnect.grace_ms" is at most ${MAX_GRACE_MS}.`)
    }
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
