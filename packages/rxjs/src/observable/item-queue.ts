import { SluiceError, type SourceItem } from '@sluice/core'

/** How much may wait, and what happens beyond that. */
export interface ItemQueueOptions {
  bufferItems: number
  bufferBytes: number
  overflow: 'error' | 'drop-oldest' | 'drop-newest'
  onPressure: ((held: boolean) => void) | undefined
}

/** Items that an observable has emitted and the stream has not taken. */
export class ItemQueue implements AsyncIterable<SourceItem> {
  readonly #options: ItemQueueOptions
  #items: SourceItem[] = []
  #bytes = 0
  #held = false
  #over = false
  #failure: { error: unknown } | undefined
  #onFailure: (() => void) | undefined
  #waiting: PromiseWithResolvers<void> | undefined

  constructor(options: ItemQueueOptions) {
    this.#options = options
  }

  push(item: SourceItem): void {
    if (this.#over) return
    const { bufferItems, bufferBytes, overflow } = this.#options
    const bytes = bytesOf(item)
    const isFull = (): boolean =>
      this.#items.length > 0 && (this.#items.length >= bufferItems || this.#bytes + bytes > bufferBytes)
    if (isFull()) {
      if (overflow === 'drop-newest') return
      if (overflow === 'error') return this.fail(overflown(this.#options))
      while (isFull()) this.#shift()
    }
    this.#items.push(item)
    this.#bytes += bytes
    if (this.#items.length * 2 >= bufferItems || this.#bytes * 2 >= bufferBytes) this.#press(true)
    this.#wake()
  }

  /** Nothing more comes; what waits is still given. */
  end(): void {
    this.#over = true
    this.#wake()
  }

  /** What waits is given before the error. */
  fail(error: unknown): void {
    if (this.#over) return
    this.#failure = { error }
    this.end()
    this.#onFailure?.()
  }

  /** Calls `task` when it has failed, or at once where it has already. */
  whenFailed(task: () => void): void {
    this.#onFailure = task
    if (this.#failure) task()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SourceItem, void, undefined> {
    for (;;) {
      while (this.#items.length > 0) yield this.#shift()
      this.#press(false)
      if (this.#failure) throw this.#failure.error
      if (this.#over) return
      this.#waiting ??= Promise.withResolvers()
      await this.#waiting.promise
    }
  }

  #shift(): SourceItem {
    const item = this.#items.shift()!
    this.#bytes -= bytesOf(item)
    return item
  }

  #press(held: boolean): void {
    if (held === this.#held) return
    this.#held = held
    this.#options.onPressure?.(held)
  }

  #wake(): void {
    this.#waiting?.resolve()
    this.#waiting = undefined
  }
}

function bytesOf(item: SourceItem): number {
  if (typeof item === 'string') return item.length * 2
  return item instanceof Uint8Array ? item.byteLength : JSON.stringify(item).length * 2
}

function overflown({ bufferItems, bufferBytes }: ItemQueueOptions): SluiceError {
  const message = `The observable has emitted more than ${bufferItems} items or ${bufferBytes} bytes that the stream has not taken. Pause it by onPressure, raise bufferItems or bufferBytes, or name another overflow.`
  return new SluiceError('SLUICE_ERR_SOURCE', message)
}
