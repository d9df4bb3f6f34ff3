import type { StreamName } from '@sluice/core/extend'

import type { StoreContext } from '../context/store-context.ts'
import { attendanceIn, type Report } from '../protocol/attendance.ts'
import { listIn, numberIn } from '../protocol/replies.ts'
import { SCRIPTS } from '../protocol/scripts.ts'
import { grantsIn } from './read-record.ts'

/** Whose lease is renewed, for how long, and how long the stream's keys live from now on. */
export interface LeaseRenewal {
  epoch: number
  leaseMs: number
  liveMs: number
}

/** What a producer may have missed since its last renewal. */
export interface MissedNotices {
  /** Reports of readers by instance. */
  readonly readers: ReadonlyMap<string, Report>
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
  const renewed = await connection.run(SCRIPTS.renew, keys.all(stream), [epoch, leaseMs, liveMs])
  const [outcome, readers, messages, grants, nowMs] = listIn(renewed)
  if (outcome !== 'ok') return { is: 'refused' }
  if (readers === undefined) return { is: 'renewed', missed: undefined }
  const missed = { readers: attendanceIn(readers), messages: numberIn(messages), grants: grantsIn(grants) }
  return { is: 'renewed', missed: { ...missed, nowMs: numberIn(nowMs) } }
}
