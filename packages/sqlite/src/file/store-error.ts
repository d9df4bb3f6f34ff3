import { isSluiceError, SluiceError } from '@sluice/core'

/** What SQLite says by a number, without what extends it. */
const LOCKED = 5
const READ_ONLY = 8
const CORRUPT = 11
const FULL = 13
const CANNOT_OPEN = 14
const NO_DATABASE = 26
const PRIMARY = 0xff

/** Deno gives no number: the words are SQLite's own, and stable. */
const WORDS: readonly (readonly [code: number, words: string])[] = [
  [LOCKED, 'database is locked'],
  [READ_ONLY, 'readonly database'],
  [CORRUPT, 'malformed'],
  [FULL, 'database or disk is full'],
  [CANNOT_OPEN, 'unable to open'],
  [NO_DATABASE, 'not a database'],
]

function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined
  const { errcode } = error as { errcode?: unknown }
  if (typeof errcode === 'number') return errcode & PRIMARY
  return WORDS.find(([, words]) => error.message.includes(words))?.[0]
}

/** Another connection holds the file. */
export function isLocked(error: unknown): boolean {
  return codeOf(error) === LOCKED
}

/** There is no room for more: on the disk, or within the bound of the file. */
export function isFull(error: unknown): boolean {
  return codeOf(error) === FULL
}

/** The file cannot be written, or not be made. */
export function isUnwritable(error: unknown): boolean {
  const code = codeOf(error)
  return code === READ_ONLY || code === CANNOT_OPEN
}

/** The file is none of SQLite's. */
export function isNoDatabase(error: unknown): boolean {
  return codeOf(error) === NO_DATABASE
}

/** The error of what the file did not take, or did not give. Clients read the reason; the cause is the operator's. */
export function storeError(reason: string, cause?: unknown, of = 'streams'): SluiceError {
  return new SluiceError('SLUICE_ERR_STORE', `The file of ${of} did not do what it was asked: ${reason}.`, {
    cause,
    retryAfterMs: 1_000,
  })
}

/** What SQLite threw, as an error of ours. */
export function asStoreError(error: unknown, of?: string): SluiceError {
  if (isSluiceError(error)) return error
  return storeError(isFull(error) ? 'there is no room left' : 'it could not be read or written', error, of)
}

/** What is in the file is not what was written there (contract 2): nothing is guessed from it. */
export function damaged(what: string, of?: string): SluiceError {
  return storeError(`${what} is not as it was written`, undefined, of)
}
