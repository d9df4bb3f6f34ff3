import type { Runtime } from '@sluice/core'
import { Scheduler, WallClock } from '@sluice/core/extend'

import type { Disk } from '../file/disk.ts'
import { openFile } from '../file/open-file.ts'
import { STREAMS_FILE } from '../file/streams-file.ts'
import { MessageTable } from '../records/messages.ts'
import { StreamTable } from '../records/stream-table.ts'
import { TombstoneTable } from '../records/tombstones.ts'
import { Checkpoints } from './checkpoints.ts'
import type { ResolvedSqliteStoreOptions } from './options.ts'
import type { StoreContext } from './store-context.ts'

/** What a context needs beside its options. */
export interface StoreContextParts {
  readonly runtime: Runtime
  readonly openDisk: ((file: string) => Disk) | undefined
  /** All logs together have become larger. */
  readonly grown: () => void
}

/** Opens the directory, and puts together what the parts of one store share. */
export function openStoreContext(
  options: ResolvedSqliteStoreOptions,
  { runtime, openDisk, grown }: StoreContextParts,
): { readonly context: StoreContext; readonly close: () => void } {
  const file = openFile({ ...options, kind: STREAMS_FILE, openDisk })
  const { database, disk } = file
  const close = (): void => file.close()
  try {
    const scheduler = new Scheduler(runtime, false)
    const context: StoreContext = {
      options,
      scheduler,
      clock: new WallClock(scheduler),
      database,
      checkpoints: new Checkpoints(database, disk, options.onWarning),
      streams: new StreamTable(database),
      tombstones: new TombstoneTable(database, options.maxTombstones),
      messages: new MessageTable(database),
      account: { bytes: 0, grown },
      hosts: [],
    }
    return { context, close }
  } catch (error) {
    close()
    throw error
  }
}
