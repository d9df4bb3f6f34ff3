import { Scheduler, type Runtime } from '@sluice/core'

import { AppendBatcher } from '../connection/append-batcher.ts'
import { RedisConnection } from '../connection/redis-connection.ts'
import { Subscriptions } from '../connection/subscriptions.ts'
import { Keys } from '../protocol/keys.ts'
import type { Notice } from '../protocol/notice.ts'
import type { ResolvedRedisStoreOptions } from '../connection/redis-store-options.ts'
import { createInstanceId } from './instance-id.ts'
import type { StoreContext } from './store-context.ts'

/** What the owner of a context is told. */
export interface StoreContextOwner {
  noticed(notice: Notice): void
  /** All logs together are larger than they were. */
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
  const subscriptions = new Subscriptions(connection, keys, instance, (notice) => owner.noticed(notice))
  return {
    instance,
    scheduler,
    connection,
    appends: new AppendBatcher(scheduler, connection),
    keys,
    subscriptions,
    options,
    account,
    hosts: [],
  }
}
