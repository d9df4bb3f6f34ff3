import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'

import { isSluiceError } from '@sluice/core'
import { invalidOption } from '@sluice/core/extend'

import {
  type FilePiece,
  type FileRange,
  type FileStore,
  fileStoreError,
  noSuchFile,
  requireFileName,
  requirePieces,
} from './file-store.ts'
import { OpenFiles, writeAll } from './open-files.ts'

/** How much is read at once. */
const PIECE_BYTES = 64 * 1024
/** Begins the name of what is being written: no file has such a name. */
const UNFINISHED = '~'

/** Where {@link directoryFiles} has its files. */
export interface DirectoryFilesOptions {
  /** The path of a directory, which is made where it is not there. One process has it at a time. */
  readonly directory: string
}

/**
 * Files in a directory of this machine. A file is on the disk before it is acknowledged; one that is being uploaded when the process
 * dies is not there afterwards.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const files = directoryFiles({ directory: './data/files' })
 * await files.append([{ name: 'file-1', at: 0, bytes: new TextEncoder().encode('{}') }])
 * ```
 */
export function directoryFiles({ directory }: DirectoryFilesOptions): FileStore {
  if (typeof directory !== 'string' || directory === '') {
    throw invalidOption('directory', directory, 'the path of a directory')
  }
  return new DirectoryFiles(directory)
}

class DirectoryFiles implements FileStore {
  readonly name = 'directory'
  readonly shared = false
  readonly #directory: string
  readonly #open: OpenFiles
  #ready: Promise<void> | undefined
  #count = 0

  constructor(directory: string) {
    this.#directory = directory
    this.#open = new OpenFiles((name) => this.#openToAppend(name))
  }

  async create(name: string, chunks: AsyncIterable<Uint8Array>): Promise<number> {
    requireFileName(name)
    await this.#prepare()
    const unfinished = join(this.#directory, `${UNFINISHED}${name}${UNFINISHED}${this.#count++}`)
    const handle = await asked(open(unfinished, 'wx'))
    let size = 0
    try {
      for await (const chunk of chunks) {
        await asked(writeAll(handle, chunk, size))
        size += chunk.length
      }
      await asked(handle.datasync())
      await handle.close()
      await this.#open.close(name)
      await asked(rename(unfinished, this.#pathOf(name)))
      await this.#syncNames()
    } catch (error) {
      // Closed it may be already; and what is left of it goes when the directory is opened next.
      await handle.close().catch(() => {})
      await unlink(unfinished).catch(() => {})
      throw error
    }
    return size
  }

  async size(name: string): Promise<number | undefined> {
    await this.#prepare()
    return unlessMissing(stat(this.#pathOf(name)).then(({ size }) => size))
  }

  async *read(name: string, { from = 0, to = Infinity }: FileRange = {}): AsyncGenerator<Uint8Array> {
    await this.#prepare()
    const handle = await unlessMissing(open(this.#pathOf(name), 'r'))
    if (!handle) throw noSuchFile()
    try {
      for (let at = from; at < to;) {
        const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, to - at))
        const { bytesRead } = await asked(handle.read(piece, 0, piece.length, at))
        if (bytesRead === 0) return
        yield piece.subarray(0, bytesRead)
        at += bytesRead
      }
    } finally {
      await handle.close()
    }
  }

  async append(pieces: readonly FilePiece[]): Promise<boolean> {
    requirePieces(pieces)
    await this.#prepare()
    return this.#open.append(pieces)
  }

  async sync(names: readonly string[]): Promise<void> {
    await asked(this.#open.sync(names.map(requireFileName)))
  }

  async truncate(name: string, size: number): Promise<void> {
    requireFileName(name)
    await this.#prepare()
    await asked(this.#open.truncate(name, size))
  }

  async remove(name: string): Promise<void> {
    const path = this.#pathOf(name)
    await this.#prepare()
    await this.#open.close(name)
    await unlessMissing(unlink(path))
  }

  close(): Promise<void> {
    return this.#open.closeAll()
  }

  #pathOf(name: string): string {
    return join(this.#directory, requireFileName(name))
  }

  /** Makes the directory, once, and takes away what the process before has not finished. */
  #prepare(): Promise<void> {
    return (this.#ready ??= this.#begin().catch((error: unknown) => {
      this.#ready = undefined
      throw error
    }))
  }

  async #begin(): Promise<void> {
    await asked(mkdir(this.#directory, { recursive: true }))
    for (const name of await asked(readdir(this.#directory))) {
      if (name.startsWith(UNFINISHED)) await unlessMissing(unlink(join(this.#directory, name)))
    }
  }

  async #openToAppend(name: string): Promise<FileHandle> {
    const path = this.#pathOf(name)
    const found = await unlessMissing(open(path, 'r+'))
    if (found) return found
    const made = await asked(open(path, constants.O_RDWR | constants.O_CREAT))
    await this.#syncNames()
    return made
  }

  /** A new name is on the disk when its directory is. */
  async #syncNames(): Promise<void> {
    const directory = await asked(open(this.#directory, 'r'))
    try {
      await asked(directory.sync())
    } finally {
      await directory.close()
    }
  }
}

/** What the file system says, in errors of ours. */
async function asked<Value>(work: Promise<Value>): Promise<Value> {
  try {
    return await work
  } catch (error) {
    if (isSluiceError(error)) throw error
    const { code } = error as NodeJS.ErrnoException
    const isFull = code === 'ENOSPC' || code === 'EDQUOT'
    throw fileStoreError(isFull ? 'there is no room left' : 'a file could not be read or written', error)
  }
}

async function unlessMissing<Value>(work: Promise<Value>): Promise<Value | undefined> {
  try {
    return await work
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    return asked(Promise.reject(error as Error))
  }
}
