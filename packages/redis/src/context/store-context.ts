import type { LogAccount, Scheduler, StoreHost } from '@sluice/core/extend'

import type { AppendBatcher } from '../connection/append-batcher.ts'
import type { RedisConnection } from '../connection/redis-connection.ts'
import type { ResolvedRedisStoreOptions } from '../connection/redis-store-options.ts'
import type { Subscriptions } from '../connection/subscriptions.ts'
import type { WakeUps } from '../start-up/wake-ups.ts'
import type { Keys } from '../protocol/keys.ts'

/** What the parts of one store share. */
export interface StoreContext {
  readonly instance: string
  readonly scheduler: Scheduler
  readonly connection: RedisConnection
  readonly appendBatcher: Pick<AppendBatcher, 'append'>
  readonly keys: Keys
  readonly subscriptions: Subscriptions
  readonly wakeUps: WakeUps
  readonly options: ResolvedRedisStoreOptions
  readonly account: LogAccount
  /** Sluices that use this store. They continue or settle streams that other processes have left. */
  readonly hosts: StoreHost[]
}
