import type { Runtime } from '@sluice/core'
import { Scheduler } from '@sluice/core/extend'

import { AppendBatcher } from '../connection/append-batcher.ts'
import { RedisConnection } from '../connection/redis-connection.ts'
import type { ResolvedRedisStoreOptions } from '../connection/redis-store-options.ts'
import { Subscriptions } from '../connection/subscriptions.ts'
import { WakeUps } from '../start-up/wake-ups.ts'
import { Keys } from '../protocol/keys.ts'
import type { Notice } from '../protocol/notice.ts'
import { createInstanceId } from './instance-id.ts'
import type { StoreContext } from './store-context.ts'

/** Who is notified of what reaches a context. */
export interface StoreContextOwner {
  notified(notice: Notice): void
  /** All logs together have become larger. */
  grown(): void
}

/** Connects to Redis, and puts together what the parts of one store share. */
export function openStoreContext(
  options: ResolvedRedisStoreOptions,
  runtime: Runtime,
  owner: StoreContextOwner,
): StoreContext {
  const scheduler = new Scheduler(runtime, false)
  const connection = new RedisConnection(scheduler, options)
  const keys = new Keys(options.prefix)
  const instance = createInstanceId()
  const account = { bytes: 0, grown: () => owner.grown() }
  const subscriptions = new Subscriptions(connection, keys, instance, (notice) => owner.notified(notice))
  return {
    instance,
    scheduler,
    connection,
    appendBatcher: new AppendBatcher(scheduler, connection),
    keys,
    subscriptions,
    wakeUps: new WakeUps({ connection, subscriptions, keys, instance, scheduler, options }),
    options,
    account,
    hosts: [],
  }
}
