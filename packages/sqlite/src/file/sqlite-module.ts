import process from 'node:process'
import type * as sqlite from 'node:sqlite'

import { SluiceError } from '@sluice/core'

type SqliteModule = typeof sqlite

/** The oldest Node that has it without a flag. */
const OLDEST_NODE = '22.13'

/**
 * SQLite as the runtime brings it: Node from 22.13 on, Bun and Deno. Asked for when a store is made, so that whoever needs none
 * runs on older versions too.
 *
 * @throws SluiceError `SLUICE_ERR_RUNTIME`
 */
export function sqliteModule(version: string = process.version): SqliteModule {
  // Older versions of other runtimes do not have the function.
  const { getBuiltinModule } = process as { getBuiltinModule?: (name: string) => unknown }
  const found = getBuiltinModule?.('node:sqlite') as SqliteModule | undefined
  if (found) return found
  throw new SluiceError(
    'SLUICE_ERR_RUNTIME',
    `A store in a directory needs node:sqlite, which Node has from ${OLDEST_NODE} on, and this is Node ${version.replace(/^v/, '')}. Use ${OLDEST_NODE} or newer, or a store in memory or on Redis.`,
  )
}
