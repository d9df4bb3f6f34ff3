import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'

import { isSluiceError, SluiceError } from '@sluice/core'

import { Database } from './database.ts'
import { type Disk, openDisk } from './disk.ts'
import { migrate, type Migration } from './migrations.ts'
import { lockedBy, removeOwner, writeOwner } from './owner-file.ts'
import { sqliteModule } from './sqlite-module.ts'
import { asStoreError, isLocked, isNoDatabase, isUnwritable } from './store-error.ts'

/** SQLite writes whole pages. */
export const PAGE_BYTES = 4096
/** What is written beyond the bound while room is made; and beyond that, ends of streams that were given up for want of it. */
const SPARE_PAGES = 512
const RESERVED_PAGES = 4_096

/** A directory that is this process's own until it is closed. */
export interface OpenFile {
  readonly database: Database
  readonly disk: Disk
  /** Gives it up. */
  close(): void
}

/** What a file is for: a directory has one of each kind. */
export interface FileKind {
  /** A word for what is in it: the file is called so, too. */
  readonly name: string
  /** Four bytes, so that the file of another program is never taken for ours. */
  readonly applicationId: number
  /** How a new file, and one of an older version, becomes one of the latest. */
  readonly migrations: readonly Migration[]
}

/** How a directory is opened. */
export interface OpenFileOptions {
  readonly kind: FileKind
  readonly directory: string
  readonly maxFileBytes: number
  /** Default: the disk that the directory is on. */
  readonly openDisk?: ((file: string) => Disk) | undefined
}

/**
 * Opens the file of a kind in a directory, which is made where it is not there.
 *
 * @throws SluiceError `SLUICE_ERR_RUNTIME`, `SLUICE_ERR_STORE_LOCKED`, `SLUICE_ERR_OPTION`, `SLUICE_ERR_STORE`
 */
export function openFile({ kind, directory, maxFileBytes, openDisk: diskOf = openDisk }: OpenFileOptions): OpenFile {
  const { DatabaseSync } = sqliteModule()
  const file = join(directory, `${kind.name}.db`)
  const owner = join(directory, `${kind.name}.pid`)
  let database: Database | undefined
  try {
    // What is in it is nobody else's: others on this machine read neither the directory nor its files.
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    closeSync(openSync(file, 'a', 0o600))
    const maxPages = Math.ceil(maxFileBytes / PAGE_BYTES) + SPARE_PAGES
    database = new Database(new DatabaseSync(file), { maxPages, reservedPages: RESERVED_PAGES })
    prepare(database, file, kind)
    database.exec(`PRAGMA max_page_count = ${maxPages}`)
    writeOwner(owner)
  } catch (error) {
    database?.close()
    throw explained(error, { kind, directory, file, owner })
  }
  const opened = database
  const disk = diskOf(file)
  return {
    database,
    disk,
    close() {
      opened.close()
      disk.close()
      removeOwner(owner)
    },
  }
}

function prepare(database: Database, file: string, { applicationId, migrations }: FileKind): void {
  // The lock is taken with the first look, and kept: nothing of what is below is shared memory, or needs it.
  database.exec('PRAGMA locking_mode = EXCLUSIVE')
  const isOurs = database.pragma('application_id') === applicationId
  if (!isOurs && database.first('SELECT 1 FROM sqlite_schema LIMIT 1')) throw noFileOfOurs(file)
  if (!isOurs) database.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL`)
  database.exec('PRAGMA journal_mode = WAL')
  if (!isOurs) database.exec(`PRAGMA application_id = ${applicationId}`)
  database.exec('PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -2048')
  database.exec('PRAGMA temp_store = MEMORY')
  migrate(database, file, migrations)
}

function noFileOfOurs(file: string): SluiceError {
  return new SluiceError(
    'SLUICE_ERR_OPTION',
    `The file ${file} is not one of sluice. Give the store a directory of its own.`,
  )
}

const UNWRITABLE: readonly unknown[] = ['EACCES', 'EROFS', 'EPERM', 'ENOTDIR', 'EEXIST', 'EISDIR', 'ENOENT']

/** Where it was tried. */
interface Place {
  readonly kind: FileKind
  readonly directory: string
  readonly file: string
  readonly owner: string
}

function explained(error: unknown, { kind, directory, file, owner }: Place): SluiceError {
  if (isSluiceError(error)) return error
  if (isLocked(error)) return lockedBy(directory, owner)
  if (isNoDatabase(error)) return noFileOfOurs(file)
  if (isUnwritable(error) || UNWRITABLE.includes((error as NodeJS.ErrnoException).code)) {
    const { message } = error as Error
    return new SluiceError(
      'SLUICE_ERR_OPTION',
      `The directory ${directory} cannot be written (${message}). Give the store a directory that this process may write, or may make.`,
      { cause: error },
    )
  }
  return asStoreError(error, kind.name)
}
