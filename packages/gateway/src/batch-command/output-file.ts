import { createReadStream } from 'node:fs'
import { type FileHandle, open, rename } from 'node:fs/promises'

import { type OutputLine, readLines, readOutputLine } from '@sluice/jobs/batch'

/** Where a line of an output stands. */
export interface WrittenLine {
  readonly line: OutputLine
  readonly offset: number
  /** Without what ends it. */
  readonly bytes: number
}

/** An answer may be longer than a request. */
const LINES = { maxLineBytes: 128 * 1024 * 1024 }

/** It has what no batch has written. */
export class ForeignFileError extends Error {
  constructor(path: string, line: number) {
    super(`Line ${line} of ${path} is no line of an output. Name another file, or move this one away.`)
    this.name = 'ForeignFileError'
  }
}

/**
 * A file to which lines are added as they are done: it is the log of the batch. Whoever was killed while writing leaves a line that is
 * torn: it is cut off. Lines that are given while others are being written are written together.
 */
export class OutputFile {
  readonly path: string
  #handle: FileHandle
  #pending: string[] = []
  #writing: Promise<void> | undefined

  private constructor(path: string, handle: FileHandle) {
    this.path = path
    this.#handle = handle
  }

  /** Opens it, or makes it, and says what is in it. */
  static async open(path: string, found: (written: WrittenLine) => void): Promise<OutputFile> {
    const handle = await open(path, 'a+')
    try {
      const { cutAt, open: isOpen } = await scan(path, handle, found)
      if (cutAt !== undefined) await handle.truncate(cutAt)
      if (isOpen) await handle.appendFile('\n')
      return new OutputFile(path, handle)
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** Adds a line, which has its own end; settles when it is written. */
  add(line: string): Promise<void> {
    this.#pending.push(line)
    this.#writing ??= this.#write()
    return this.#writing
  }

  async #write(): Promise<void> {
    try {
      // What is given in the same turn goes along.
      await Promise.resolve()
      while (this.#pending.length > 0) {
        const text = this.#pending.join('')
        this.#pending = []
        await this.#handle.appendFile(text)
      }
    } finally {
      this.#writing = undefined
    }
  }

  /**
   * Writes the file anew with some of its lines, in an order: of the line that has `rank` 1 first. 0 leaves a line out. The new file takes
   * the place of the old one when it is whole.
   */
  async rewrite(rankOf: (line: OutputLine) => number): Promise<void> {
    const kept: { rank: number; offset: number; bytes: number }[] = []
    await scan(this.path, this.#handle, ({ line, offset, bytes }) => {
      const rank = rankOf(line)
      if (rank > 0) kept.push({ rank, offset, bytes })
    })
    kept.sort((a, b) => a.rank - b.rank)
    const path = `${this.path}.new`
    const target = await open(path, 'w')
    try {
      for (const { offset, bytes } of kept) {
        const line = Buffer.alloc(bytes + 1, '\n')
        await this.#handle.read(line, 0, bytes, offset)
        await target.appendFile(line)
      }
      await target.sync()
    } finally {
      await target.close()
    }
    await rename(path, this.path)
    await this.#handle.close()
    this.#handle = await open(this.path, 'a+')
  }

  /** Settles when all that was added is written, and on the disk. */
  async close(): Promise<void> {
    try {
      await this.#writing
      await this.#handle.sync()
    } finally {
      await this.#handle.close()
    }
  }
}

/** What is to be mended at the end of a file: `cutAt`: a line that was torn begins there; `open`: the last line lacks its end only. */
interface Tail {
  readonly cutAt?: number
  readonly open?: boolean
}

async function scan(path: string, handle: FileHandle, found: (written: WrittenLine) => void): Promise<Tail> {
  const { size } = await handle.stat()
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, Math.max(0, size - 1))
  const isEnded = size === 0 || buffer[0] === 0x0a
  let tail: Tail = {}
  for await (const { number, offset, bytes, fault } of readLines(createReadStream(path), LINES)) {
    const line = fault ? undefined : readOutputLine(bytes)
    const isTail = !isEnded && offset + bytes.length === size
    if (line) found({ line, offset, bytes: bytes.length })
    // A line that was torn is the last one.
    else if (!isTail) throw new ForeignFileError(path, number)
    if (isTail) tail = line ? { open: true } : { cutAt: offset }
  }
  return tail
}
