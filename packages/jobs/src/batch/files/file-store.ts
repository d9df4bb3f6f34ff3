import { SluiceError } from '@sluice/core'
import { invalidOption } from '@sluice/core/extend'

/** Bytes that go to the end of one file. */
export interface FilePiece {
  readonly name: string
  /** How long the file must be: 0 also where it is not there. */
  readonly at: number
  readonly bytes: Uint8Array
}

/** Which bytes of a file. */
export interface FileRange {
  /** Default 0. */
  readonly from?: number | undefined
  /** The first byte that is not wanted any more. Default: the end of the file. */
  readonly to?: number | undefined
}

/**
 * Files of any length, of which memory never has more than a piece. A name is that of a group, `file-1` or `batch_1`, or a part
 * of one: `batch_1.output`. Characters are `A-Za-z0-9_-`, at most 64 before the dot, and `a-z` after it, at most 16.
 *
 * All stores pass one suite: `test/batch/files/suite/`.
 */
export interface FileStore {
  readonly name: string
  /** Whether other processes have these files, too. */
  readonly shared: boolean
  /**
   * Writes a file as its bytes come; none is asked for before those before it are written. It is there, and lasts, once this settles;
   * gives its length. Where `chunks` throws there is no file, and this rejects with the same.
   */
  create(name: string, chunks: AsyncIterable<Uint8Array>): Promise<number>
  /** `undefined`: it is not there. */
  size(name: string): Promise<number | undefined>
  /** The bytes in pieces that nobody changes. Rejects with `SLUICE_ERR_NOT_FOUND` where it is not there. */
  read(name: string, range?: FileRange): AsyncIterable<Uint8Array>
  /**
   * Puts pieces at the ends of files of one group. They survive the process from then on; the machine, once {@link FileStore.sync} has
   * settled. False, and nothing is changed: a file is not as long as said. Where the process dies in between, the first of them may be
   * written, and the last of those not whole.
   */
  append(pieces: readonly FilePiece[]): Promise<boolean>
  /** What was appended to these files before outlasts a power cut, once this settles. One that is not there is passed over. */
  sync(names: readonly string[]): Promise<void>
  /** Takes away what is behind `size` bytes. */
  truncate(name: string, size: number): Promise<void>
  /** Idempotent. Whoever reads it may read on, or is told that it is not there. */
  remove(name: string): Promise<void>
  /** Idempotent. */
  close(): Promise<void>
}

const NAME = /^[A-Za-z0-9_-]{1,64}(?:\.[a-z]{1,16})?$/

/** Checks a name. @throws SluiceError `SLUICE_ERR_OPTION` */
export function requireFileName(name: unknown): string {
  if (typeof name === 'string' && NAME.test(name)) return name
  throw invalidOption('name', name, '1 to 64 characters of A-Za-z0-9_-, and perhaps a dot and 1 to 16 of a-z')
}

/** What stands before the dot. */
export function groupOf(name: string): string {
  return name.split('.', 1)[0]!
}

/** Checks pieces. @throws SluiceError `SLUICE_ERR_OPTION` */
export function requirePieces(pieces: readonly FilePiece[]): void {
  const groups = new Set(pieces.map(({ name }) => groupOf(requireFileName(name))))
  const names = new Set(pieces.map(({ name }) => name))
  if (pieces.length > 0 && groups.size === 1 && names.size === pieces.length) return
  throw invalidOption('pieces', pieces, 'pieces for several files of one group, one for each')
}

/** Of whoever reads what is not there. */
export function noSuchFile(): SluiceError {
  return new SluiceError('SLUICE_ERR_NOT_FOUND', 'The bytes of the file are not there any more.')
}

/** Of what a store did not do. Clients read the reason; the cause is the operator's. */
export function fileStoreError(reason: string, cause?: unknown): SluiceError {
  return new SluiceError('SLUICE_ERR_STORE', `The store of files did not do what it was asked: ${reason}.`, {
    cause,
    retryAfterMs: 1_000,
  })
}
