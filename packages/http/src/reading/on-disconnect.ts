import type { ClientReading, OnDisconnect, Sluice, StartOptions } from '@sluice/core'
import type { Wire } from '@sluice/core/extend'

/** What tells that a client may come back. */
export type ReturnSigns = Pick<StartOptions, 'key' | 'idempotency'> & Pick<ClientReading, 'ids'>

/**
 * What happens to a stream when its last reader has gone, where its request does not say so; `undefined` where that is the
 * sluice's to say. Clients of a provider's wire never come back by themselves: what they leave is cancelled, unless they
 * have named their stream, could repeat their request, or want ids, or the application has said otherwise for all streams.
 */
export function defaultOnDisconnect(
  { chosenStreamOptions }: Pick<Sluice, 'chosenStreamOptions'>,
  { resumable }: Pick<Wire, 'resumable'>,
  { key, idempotency, ids }: ReturnSigns,
): OnDisconnect | undefined {
  if (resumable || chosenStreamOptions.onDisconnect !== undefined) return undefined
  return key === undefined && idempotency === undefined && ids !== true ? 'cancel' : undefined
}
