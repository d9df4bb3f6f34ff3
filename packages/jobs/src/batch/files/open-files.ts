import type { FileHandle } from 'node:fs/promises'

import { type FilePiece, fileStoreError } from './file-store.ts'

/** How many files stay open between two pieces. */
const MOST_OPEN = 64

interface OpenFile {
  readonly handle: FileHandle
  size: number
  /** Whether something was written that a power cut could take. */
  isNew: boolean
}

/** Files that are appended to: each piece has its turn, and their lengths are known without asking. */
export class OpenFiles {
  readonly #open: (name: string) => Promise<FileHandle>
  /** The one that was used last is last. */
  readonly #files: Map<string, OpenFile> = new Map()
  /** What is under way with a file: whoever comes next waits for it. */
  readonly #busy: Map<string, Promise<unknown>> = new Map()

  constructor(open: (name: string) => Promise<FileHandle>) {
    this.#open = open
  }

  /** @see FileStore.append */
  append(pieces: readonly FilePiece[]): Promise<boolean> {
    const names = pieces.map(({ name }) => name)
    return this.#inTurn(names, async () => {
      const files: OpenFile[] = []
      for (const name of names) files.push(await this.#get(name))
      if (pieces.some(({ at }, index) => files[index]!.size !== at)) return false
      try {
        for (const [index, { at, bytes }] of pieces.entries()) await writeAll(files[index]!.handle, bytes, at)
      } catch (error) {
        for (const { name, at } of pieces) await this.#giveUp(name, at)
        throw fileStoreError(reasonOf(error), error)
      }
      for (const [index, { bytes }] of pieces.entries()) {
        files[index]!.size += bytes.length
        if (bytes.length > 0) files[index]!.isNew = true
      }
      return true
    })
  }

  /** @see FileStore.sync */
  async sync(names: readonly string[]): Promise<void> {
    await Promise.all(names.map((name) => this.#sync(this.#files.get(name))))
  }

  truncate(name: string, size: number): Promise<void> {
    return this.#inTurn([name], async () => {
      const file = await this.#get(name)
      await file.handle.truncate(size)
      await file.handle.datasync()
      file.size = size
    })
  }

  /** What is appended next finds it anew. */
  close(name: string): Promise<void> {
    return this.#inTurn([name], () => this.#close(name))
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#files.keys()].map((name) => this.close(name)))
  }

  async #inTurn<Value>(names: readonly string[], act: () => Promise<Value>): Promise<Value> {
    const before = Promise.allSettled(names.map(async (name) => this.#busy.get(name)))
    const done = before.then(act)
    const settled = done.catch(() => {})
    for (const name of names) this.#busy.set(name, settled)
    try {
      return await done
    } finally {
      for (const name of names) if (this.#busy.get(name) === settled) this.#busy.delete(name)
    }
  }

  async #get(name: string): Promise<OpenFile> {
    let file = this.#files.get(name)
    if (file) this.#files.delete(name)
    else {
      const handle = await this.#open(name)
      file = { handle, size: await sizeOf(handle), isNew: false }
    }
    this.#files.set(name, file)
    for (const [other] of this.#files) {
      if (this.#files.size <= MOST_OPEN) break
      if (!this.#busy.has(other)) await this.#close(other)
    }
    return file
  }

  async #close(name: string): Promise<void> {
    const file = this.#files.get(name)
    this.#files.delete(name)
    try {
      await this.#sync(file)
    } finally {
      await file?.handle.close()
    }
  }

  /** Closing waits for it. */
  async #sync(file: OpenFile | undefined): Promise<void> {
    if (!file?.isNew) return
    file.isNew = false
    try {
      await file.handle.datasync()
    } catch (error) {
      file.isNew = true
      throw error
    }
  }

  /** Nothing of a piece that was refused stays behind, if that can be helped; how long the file is, is asked for anew. */
  async #giveUp(name: string, size: number): Promise<void> {
    await this.#files
      .get(name)
      ?.handle.truncate(size)
      .catch(() => {})
    await this.#close(name).catch(() => {})
  }
}

async function sizeOf(handle: FileHandle): Promise<number> {
  try {
    return (await handle.stat()).size
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** All of `bytes`: one call may write fewer. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, at + written)
    written += bytesWritten
  }
}

function reasonOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT' ? 'there is no room left' : 'a file could not be written'
}
