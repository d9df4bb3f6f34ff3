import { createMemoryStore } from '@sluice/core'
import { describe } from 'vitest'

import { describeBeating } from './transport/beating.ts'
import { describeCancelling } from './transport/cancelling.ts'
import { describeChunking } from './transport/chunking.ts'
import { describeCredit } from './transport/credit.ts'
import { describeCursors } from './transport/cursors.ts'
import { describeDraining } from './transport/draining.ts'
import type { TransportDriver, TransportStores } from './transport/driver.ts'
import { describeEnds } from './transport/ends.ts'
import { describeIsolation } from './transport/isolation.ts'
import { describeLeaving } from './transport/leaving.ts'
import { describeLiveness } from './transport/liveness.ts'
import { describeLoss } from './transport/loss.ts'
import { describePrefix } from './transport/prefix.ts'
import { openScene } from './transport/scene.ts'
import { describeStalls } from './transport/stalls.ts'
import type { OpenTransport } from './transport/suite-parts.ts'

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
    describeStalls(parts)
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
