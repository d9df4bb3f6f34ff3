import { createMemoryStore } from '@sluice/core'
import { describe } from 'vitest'

import { describeBeating } from './cases/beating.ts'
import { describeCancelling } from './cases/cancelling.ts'
import { describeChunking } from './cases/chunking.ts'
import { describeCredit } from './cases/credit.ts'
import { describeCursors } from './cases/cursors.ts'
import { describeDraining } from './cases/draining.ts'
import type { TransportDriver, TransportStores } from './rig/driver.ts'
import { describeEnds } from './cases/ends.ts'
import { describeIsolation } from './cases/isolation.ts'
import { describeLeaving } from './cases/leaving.ts'
import { describeLiveness } from './cases/liveness.ts'
import { describeLoss } from './cases/loss.ts'
import { describePolling } from './cases/polling.ts'
import { describePrefix } from './cases/prefix.ts'
import { openScene } from './rig/scene.ts'
import { describeStalls } from './cases/stalls.ts'
import type { OpenTransport } from './rig/suite-parts.ts'

const MEMORY: TransportStores = { name: 'memory', create: () => createMemoryStore() }

/**
 * The suite that every transport passes: call it in a Vitest file, once for each kind of store.
 *
 * @example
 * ```ts
 * const serve = (): Promise<ServedTransport> => Promise.reject(new Error('here: a server, and clients of your own'))
 * const driver: TransportDriver = {
 *   serve,
 *   refusals: HTTP_REFUSALS,
 *   beats: 'heartbeats',
 *   asksPeers: false,
 *   nothingLeft: 'status',
 * }
 * describeTransport('mine', driver)
 * ```
 */
export function describeTransport(name: string, driver: TransportDriver, stores: TransportStores = MEMORY): void {
  const parts: OpenTransport = { driver, stores, open: (options) => openScene(driver, stores, options) }
  describe(`the transport ${name}, streams in ${stores.name}`, () => {
    describePrefix(parts)
    describeLoss(parts)
    describeEnds(parts)
    describeLiveness(parts)
    // Who asks for what it takes cannot be written past.
    if (driver.beats === 'answers') describePolling(parts)
    else describeStalls(parts)
    describeCredit(parts)
    describeCancelling(parts)
    describeLeaving(parts)
    describeChunking(parts)
    describeIsolation(parts)
    describeCursors(parts)
    describeDraining(parts)
    describeBeating(parts)
  })
}
