import type { Store } from '@sluice/core'
import { eventBytes, type Logged } from '@sluice/core/extend'
import { expect } from 'vitest'

/** What a stream may take beside its events: a log and a record, and while it runs what runs it. */
const MAX_STREAM_BYTES = 12 * 1024

/** Throws unless `store` holds these streams, and tells the bytes of these events and of what their streams take beside them. */
export function expectHeld(
  store: Pick<Store, 'usage'>,
  events: readonly Logged[],
  { streams, live }: { streams: number; live: number },
): void {
  const charged = events.map(eventBytes).reduce((sum, next) => sum + next, 0)
  const { bytes, ...held } = store.usage()
  expect(held).toEqual({ streams, live })
  expect(bytes).toBeGreaterThanOrEqual(charged)
  expect(bytes).toBeLessThanOrEqual(2 * charged + streams * MAX_STREAM_BYTES)
}
