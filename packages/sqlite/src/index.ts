import type { Runtime, Store } from '@sluice/core'

import type { SqliteStoreOptions } from './context/options.ts'
import { StreamsInFile } from './sqlite-store.ts'

export { DEFAULT_SQLITE_STORE_OPTIONS, type SqliteStoreOptions } from './context/options.ts'

/**
 * Keeps streams in one file, in a directory that one process has at a time: they outlive it. Node 22.13 or newer, Bun or Deno.
 *
 * A stream that runs when its process dies ends `interrupted` (cause `lease`) with all that readers were shown, as soon as the
 * directory is opened again; one of a named source goes on there.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`, `SLUICE_ERR_RUNTIME`, `SLUICE_ERR_STORE_LOCKED`, `SLUICE_ERR_STORE`
 * @example
 * ```ts
 * const sluice = createSluice({ store: sqliteStore('./data') })
 * ```
 */
export function sqliteStore(options: string | SqliteStoreOptions | undefined, runtime?: Runtime): Store {
  return new StreamsInFile(options, { runtime })
}
