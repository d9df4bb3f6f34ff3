import { SluiceError } from '@sluice/core'

import type { Database } from './database.ts'

/** A step from one version of the file to the next. */
export type Migration = (database: Database) => void

/**
 * Brings the file to the latest version, one step a transaction. The step at `n` leads from version `n` to `n + 1`; a new file has
 * version 0. A step is never changed once it was released.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION` for a file that a later version of sluice has written
 */
export function migrate(database: Database, file: string, migrations: readonly Migration[]): void {
  const found = database.pragma('user_version')
  if (found > migrations.length) {
    throw new SluiceError(
      'SLUICE_ERR_OPTION',
      `The file ${file} is of version ${found}, and this version of sluice knows those up to ${migrations.length}. Use the version of sluice that wrote it, or another directory.`,
    )
  }
  for (let version = found; version < migrations.length; version++) {
    database.transaction(() => {
      migrations[version]!(database)
      database.exec(`PRAGMA user_version = ${version + 1}`)
    })
  }
}
