import { type Buffers, BufferPool } from './buffer-pool.ts'
import type { LogAccount } from '../log-options.ts'

/** What one log takes, buffers that wait for its text included, and the account that counts it with the others. */
export class HeldBytes implements Buffers {
  /** Bytes that all of it takes. */
  bytes = 0
  #account: LogAccount | undefined
  /** Of them, what is given back with the end. */
  #runningBytes = 0
  /** Made when first needed: most logs hold no long text. */
  #pool: BufferPool | undefined

  constructor(account: LogAccount | undefined, bytes: number) {
    this.#account = account
    this.add(bytes)
  }

  add(bytes: number): void {
    this.bytes += bytes
    if (this.#account) this.#account.bytes += bytes
  }

  run(bytes: number): void {
    this.#runningBytes += bytes
    this.add(bytes)
  }

  /** A log has grown by about a segment. */
  grown(): void {
    this.#account?.grown?.()
  }

  take(bytes: number): Uint8Array {
    const pool = (this.#pool ??= new BufferPool())
    const held = pool.heldBytes
    const buffer = pool.take(bytes)
    this.add(pool.heldBytes - held)
    return buffer
  }

  give(buffer: Uint8Array): void {
    if (!this.#pool) return
    const held = this.#pool.heldBytes
    this.#pool.give(buffer)
    this.add(this.#pool.heldBytes - held)
  }

  /** It has ended: nothing more is packed, and nothing runs. */
  end(): void {
    this.add(-(this.#pool?.heldBytes ?? 0) - this.#runningBytes)
    this.#pool = undefined
    this.#runningBytes = 0
  }

  /** Nothing of it is left. */
  clear(): void {
    this.#pool = undefined
    this.#runningBytes = 0
    this.add(-this.bytes)
  }

  enter(account: LogAccount): void {
    if (this.#account) return
    this.#account = account
    account.bytes += this.bytes
  }

  leave(): void {
    if (this.#account) this.#account.bytes -= this.bytes
    this.#account = undefined
  }
}
