import { SluiceError } from '@sluice/core'

import type { FilePiece, FileRange, FileStore } from '../../../src/batch.ts'

const PIECE_BYTES = 100

/** Files in memory, as a disk has them: what is written is there at once, whoever is gone then. */
export class MemoryFiles implements FileStore {
  readonly name = 'memory'
  readonly shared = true
  readonly files: Map<string, Buffer> = new Map()
  /** How much of each a power cut leaves. */
  readonly #lasting: Map<string, number> = new Map()

  async create(name: string, chunks: AsyncIterable<Uint8Array>): Promise<number> {
    const parts: Uint8Array[] = []
    for await (const chunk of chunks) parts.push(chunk)
    const bytes = Buffer.concat(parts)
    this.files.set(name, bytes)
    this.#lasting.set(name, bytes.length)
    return bytes.length
  }

  size(name: string): Promise<number | undefined> {
    return Promise.resolve(this.files.get(name)?.length)
  }

  async *read(name: string, { from = 0, to = Infinity }: FileRange = {}): AsyncGenerator<Uint8Array> {
    for (let at = from; at < to; at += PIECE_BYTES) {
      const bytes = this.files.get(name)
      if (!bytes) throw new SluiceError('SLUICE_ERR_NOT_FOUND', 'It is not there.')
      const piece = bytes.subarray(at, Math.min(at + PIECE_BYTES, to))
      if (piece.length === 0) return
      yield Buffer.from(piece)
    }
  }

  append(pieces: readonly FilePiece[]): Promise<boolean> {
    const isRight = pieces.every(({ name, at }) => (this.files.get(name)?.length ?? 0) === at)
    if (isRight) for (const { name, bytes } of pieces) this.put(name, bytes)
    return Promise.resolve(isRight)
  }

  sync(names: readonly string[]): Promise<void> {
    for (const name of names) this.#lasting.set(name, this.files.get(name)?.length ?? 0)
    return Promise.resolve()
  }

  /** Of what was not synced a part is there, or it is all zeros, as a file system may leave it. */
  cutPower(part: number, zeros: boolean): void {
    for (const [name, bytes] of this.files) {
      const lasting = Math.min(this.#lasting.get(name) ?? 0, bytes.length)
      const kept = lasting + Math.floor((bytes.length - lasting) * part)
      const left = Buffer.alloc(zeros ? bytes.length : kept)
      bytes.copy(left, 0, 0, kept)
      this.files.set(name, left)
    }
  }

  /** Puts bytes at the end. */
  put(name: string, bytes: Uint8Array): void {
    this.files.set(name, Buffer.concat([this.files.get(name) ?? Buffer.alloc(0), bytes]))
  }

  truncate(name: string, size: number): Promise<void> {
    this.files.set(name, this.files.get(name)!.subarray(0, size))
    return Promise.resolve()
  }

  remove(name: string): Promise<void> {
    this.files.delete(name)
    return Promise.resolve()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
