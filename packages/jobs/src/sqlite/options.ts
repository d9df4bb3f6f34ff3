import process from 'node:process'

import { SluiceError } from '@sluice/core'
import { requireInteger, requireKnownNames, withDefault } from '@sluice/core/extend'

/** Options of `sqliteQueue` and `sqliteDocuments`. */
export interface SqliteDocumentsOptions {
  /** Where the file is. The directory is made where it is not there; one process has it at a time. Streams may be in it, too. */
  directory: string
  /**
   * Bytes that the file may have. Over it new documents are refused with `SLUICE_ERR_OVERLOADED`; what is there may still be
   * written to. Default 1 GiB.
   */
  maxFileBytes?: number | undefined
  /** Receives what an operator should know, such as a disk that is full. Default: `process.emitWarning`. */
  onWarning?: ((message: string) => void) | undefined
}

/** {@link SqliteDocumentsOptions} with nothing left open. */
export type ResolvedSqliteDocumentsOptions = {
  readonly [Name in keyof Required<SqliteDocumentsOptions>]: NonNullable<SqliteDocumentsOptions[Name]>
}

const MIB = 1024 * 1024

/** Defaults of {@link SqliteDocumentsOptions}. */
export const DEFAULT_SQLITE_DOCUMENTS_OPTIONS: { readonly maxFileBytes: number } = { maxFileBytes: 1024 * MIB }

const NAMES: readonly string[] = ['directory', 'onWarning', ...Object.keys(DEFAULT_SQLITE_DOCUMENTS_OPTIONS)]

/** Fills what is left open and checks the rest. @throws SluiceError `SLUICE_ERR_OPTION` */
export function resolveSqliteDocumentsOptions(
  group: string,
  given: string | SqliteDocumentsOptions | undefined,
): ResolvedSqliteDocumentsOptions {
  const options = typeof given === 'string' ? { directory: given } : given
  if (typeof options !== 'object' || options === null) throw invalidDirectory(group, options)
  requireKnownNames(group, options, NAMES)
  const { directory, onWarning } = options
  if (typeof directory !== 'string' || directory === '' || directory.includes('\0'))
    throw invalidDirectory(group, directory)
  const maxFileBytes = withDefault(options.maxFileBytes, DEFAULT_SQLITE_DOCUMENTS_OPTIONS.maxFileBytes)
  return {
    directory,
    maxFileBytes: requireInteger('maxFileBytes', maxFileBytes, MIB, 2 ** 42),
    onWarning: onWarning ?? ((message) => process.emitWarning(message, 'SluiceWarning')),
  }
}

function invalidDirectory(group: string, value: unknown): SluiceError {
  return new SluiceError(
    'SLUICE_ERR_OPTION',
    `The option "directory" of ${group} must be the path of a directory (is the environment variable it comes from set?); it is ${String(value)}.`,
  )
}
