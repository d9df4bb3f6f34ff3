import { copyFileSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

import type { VirtualRuntime } from '@sluice/testing'

import type { Disk } from '../../src/file/disk.ts'

const SYNC_MS = 4

/** What a {@link ForgetfulDisk} is made of. */
export interface ForgetfulDiskParts {
  readonly runtime: VirtualRuntime
  /** The directory that is in use, and the name of the file in it. */
  readonly live: string
  readonly file: string
  readonly newDirectory: () => string
}

/**
 * A disk that takes its time, and has then what it was given before it was asked. In a power cut it forgets the rest of a file, or has
 * it all the same.
 */
export class ForgetfulDisk implements Disk {
  readonly #runtime: VirtualRuntime
  readonly #live: string
  readonly #durable: string
  readonly #file: string
  readonly #newDirectory: () => string
  /** Called when the log was moved into the file, and the disk has begun to take that, and again when it has nearly done so. */
  onMoving: () => void = () => {}
  moves = 0

  constructor({ runtime, live, file, newDirectory }: ForgetfulDiskParts) {
    this.#runtime = runtime
    this.#live = live
    this.#file = file
    this.#newDirectory = newDirectory
    this.#durable = newDirectory()
    mkdirSync(this.#durable)
    copy(file, live, this.#durable)
  }

  syncLog(): Promise<void> {
    return this.#sync(`${this.#file}-wal`)
  }

  syncData(): Promise<void> {
    this.moves++
    this.onMoving()
    return this.#sync(this.#file)
  }

  close(): void {}

  /** What may be there after a power cut, file by file. */
  cuts(): string[] {
    return [this.#live, this.#durable].flatMap((data) =>
      [this.#live, this.#durable].map((log) => {
        const left = this.#newDirectory()
        mkdirSync(left)
        for (const [index, from] of [data, log].entries())
          copy(index === 0 ? this.#file : `${this.#file}-wal`, from, left)
        return left
      }),
    )
  }

  #sync(file: string): Promise<void> {
    const asked = this.#newDirectory()
    mkdirSync(asked)
    copy(file, this.#live, asked)
    return new Promise((resolve) => {
      this.#runtime.after(SYNC_MS, () => {
        if (file === this.#file) this.onMoving()
        copy(file, asked, this.#durable)
        resolve()
      })
    })
  }
}

function copy(file: string, from: string, to: string): void {
  if (existsSync(join(from, file))) copyFileSync(join(from, file), join(to, file))
}
