import process from 'node:process'

import { SluiceError } from '@sluice/core'
import { requireInteger, requireKnownNames, withDefault } from '@sluice/core/extend'

/** Options of {@link sqliteStore}. */
export interface SqliteStoreOptions {
  /** Where the file of streams is. The directory is made where it is not there; one process has it at a time. */
  directory: string
  /**
   * Bytes that the logs in this process may take: those of streams that run, and of ended ones while they are read. Over it starts
   * are refused, and reading of streams that have no log here yet. Default 256 MiB.
   */
  maxBytes?: number | undefined
  /**
   * Bytes that the file may have. Over it ended streams are given up, oldest end first; starts are refused when those that run are
   * too much. Default 1 GiB.
   */
  maxFileBytes?: number | undefined
  /** Tombstones remembered. Default 10,000. */
  maxTombstones?: number | undefined
  /**
   * How long the file may refuse what running streams say before these end as `interrupted` (cause `storage`), in milliseconds.
   * Default 10,000.
   */
  outageMs?: number | undefined
  /** Receives what an operator should know, such as a disk that is full. Default: `process.emitWarning`. */
  onWarning?: ((message: string) => void) | undefined
}

/** {@link SqliteStoreOptions} with nothing left open. */
export type ResolvedSqliteStoreOptions = {
  readonly [Name in keyof Required<SqliteStoreOptions>]: NonNullable<SqliteStoreOptions[Name]>
}

const MIB = 1024 * 1024

/** Defaults of {@link SqliteStoreOptions}. */
export const DEFAULT_SQLITE_STORE_OPTIONS: {
  readonly maxBytes: number
  readonly maxFileBytes: number
  readonly maxTombstones: number
  readonly outageMs: number
} = { maxBytes: 256 * MIB, maxFileBytes: 1024 * MIB, maxTombstones: 10_000, outageMs: 10_000 }

const NAMES: readonly string[] = ['directory', 'onWarning', ...Object.keys(DEFAULT_SQLITE_STORE_OPTIONS)]

/** Fills what is left open and checks the rest. @throws SluiceError `SLUICE_ERR_OPTION` */
export function resolveSqliteStoreOptions(given: string | SqliteStoreOptions | undefined): ResolvedSqliteStoreOptions {
  const options = typeof given === 'string' ? { directory: given } : given
  if (typeof options !== 'object' || options === null) throw invalidDirectory(options)
  requireKnownNames('sqliteStore', options, NAMES)
  const { directory, onWarning } = options
  if (typeof directory !== 'string' || directory === '' || directory.includes('\0')) throw invalidDirectory(directory)
  const defaults = DEFAULT_SQLITE_STORE_OPTIONS
  const whole = (name: keyof typeof defaults, min: number, max: number): number =>
    requireInteger(name, withDefault(options[name], defaults[name]), min, max)
  return {
    directory,
    maxBytes: whole('maxBytes', 1024, 2 ** 40),
    maxFileBytes: whole('maxFileBytes', MIB, 2 ** 42),
    maxTombstones: whole('maxTombstones', 0, 10_000_000),
    outageMs: whole('outageMs', 10, 86_400_000),
    onWarning: onWarning ?? ((message) => process.emitWarning(message, 'SluiceWarning')),
  }
}

function invalidDirectory(value: unknown): SluiceError {
  return new SluiceError(
    'SLUICE_ERR_OPTION',
    `The option "directory" of sqliteStore must be the path of a directory (is the environment variable it comes from set?); it is ${String(value)}.`,
  )
}
