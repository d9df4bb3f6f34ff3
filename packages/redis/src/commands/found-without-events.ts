import { type Found, Log, type StoredStream } from '@sluice/core'

import type { RecordReading, StoredState } from './read-record.ts'

/** What is known of a stream, without its events: for who wants to know that it is there, and how far it is. */
export function foundWithoutEvents(looked: RecordReading): Found {
  if (looked.is === 'missing') return { is: 'unknown' }
  if (looked.is === 'stream') return { is: 'stream', stream: streamWithoutEvents(looked.state) }
  const { facts, epoch, seq, end } = looked
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
