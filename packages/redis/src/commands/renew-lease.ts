import type { StreamName } from '@sluice/core/extend'

import type { StoreContext } from '../context/store-context.ts'
import { pairs } from '../protocol/pairs.ts'
import { SCRIPTS } from '../protocol/scripts.ts'

/** Whose lease is renewed, for how long, and how long the stream's keys live from now on. */
export interface LeaseRenewal {
  epoch: number
  leaseMs: number
  liveMs: number
}

/** What a producer may have missed since its last renewal. */
export interface MissedNotices {
  /** Reports of readers by instance, as `present.lua` writes them. */
  readonly readers: ReadonlyMap<string, string>
  /** Messages in the inbox. */
  readonly messages: number
  readonly grants: ReadonlyMap<string, number>
  /** The store's clock. */
  readonly nowMs: number
}

/** How a renewal turned out. What was missed is not known while a cluster moves the keys beside the stream. */
export type RenewalOutcome = { is: 'renewed'; missed: MissedNotices | undefined } | { is: 'refused' }

/** Renews a producer's lease while its epoch stands. @throws SluiceError `SLUICE_ERR_STORE` */
export async function renewLease(
  { connection, keys }: StoreContext,
  stream: StreamName,
  { epoch, leaseMs, liveMs }: LeaseRenewal,
): Promise<RenewalOutcome> {
  const reply = (await connection.run(SCRIPTS.renew, keys.all(stream), [epoch, leaseMs, liveMs])) as [
    outcome: string,
    readers?: string[],
    messages?: number,
    grants?: string[],
    nowMs?: number,
  ]
  const [outcome, readers, messages = 0, grants, nowMs = 0] = reply
  if (outcome !== 'ok') return { is: 'refused' }
  if (!readers || !grants) return { is: 'renewed', missed: undefined }
  const granted = [...pairs(grants)].map(([name, seq]) => [name, Number(seq)] as const)
  return { is: 'renewed', missed: { readers: pairs(readers), messages, grants: new Map(granted), nowMs } }
}
