import { type Found, Log, type StoredStream } from '@sluice/core/extend'

import type { RecordReading, StoredState } from './read-record.ts'

/** A stream without its events: for callers that need to know that it is there, and how far it is. */
export function foundWithoutEvents(record: RecordReading): Found {
  if (record.is === 'missing') return { is: 'unknown' }
  if (record.is === 'stream') return { is: 'stream', stream: streamWithoutEvents(record.state) }
  const { facts, epoch, seq, end } = record
  const { id, tenant, owner, key } = facts
  return { is: 'tombstone', tombstone: { facts: { id, tenant, owner, key }, epoch, seq, end } }
}

/** Facts and positions, no events. */
export function streamWithoutEvents({ facts, keeping, epoch, seq, end, usage, timing }: StoredState): StoredStream {
  const log = new Log(facts.id, epoch, {
    retentionBytes: keeping.retentionBytes,
    from: { seq, epoch, usage, end },
  })
  return { facts, log, timing: { ...timing } }
}
