import type { LogAccount, Scheduler, StoreHost, WallClock } from '@sluice/core/extend'

import type { Database } from '../file/database.ts'
import type { MessageTable } from '../records/messages.ts'
import type { StreamTable } from '../records/stream-table.ts'
import type { TombstoneTable } from '../records/tombstones.ts'
import type { Checkpoints } from './checkpoints.ts'
import type { ResolvedSqliteStoreOptions } from './options.ts'

/** What the parts of one store share. */
export interface StoreContext {
  readonly options: ResolvedSqliteStoreOptions
  readonly scheduler: Scheduler
  readonly clock: WallClock
  readonly database: Database
  readonly checkpoints: Checkpoints
  readonly streams: StreamTable
  readonly tombstones: TombstoneTable
  readonly messages: MessageTable
  readonly account: LogAccount
  /** Sluices that use this store. They go on with the streams of the process before, and settle them. */
  readonly hosts: StoreHost[]
}
