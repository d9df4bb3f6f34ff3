import type { Json } from '@sluice/core'
import type { StoredStream } from '@sluice/core/extend'

import type { StoreContext } from '../context/store-context.ts'
import { textsIn } from '../protocol/replies.ts'
import { SCRIPTS } from '../protocol/scripts.ts'
import { fromStoredJson } from '../protocol/stored-json.ts'

/** Hands the messages in a stream's inbox to its source. */
export class InboxMessages {
  readonly #context: StoreContext
  readonly #stream: StoredStream
  /** Messages handed to the source so far. */
  #taken = 0
  #isTaking = false
  /** True when a message may have come since the inbox was read last. */
  #mayHaveMore = false

  constructor(context: StoreContext, stream: StoredStream) {
    this.#context = context
    this.#stream = stream
  }

  /** Takes what waits. Whatever fails is taken after the next renewal. */
  async take(): Promise<void> {
    this.#mayHaveMore = true
    if (this.#isTaking) return
    this.#isTaking = true
    try {
      while (this.#mayHaveMore && !this.#isOver) await this.#takeOnce()
    } catch {
      // The next renewal reports that messages wait.
    } finally {
      this.#isTaking = false
    }
  }

  get #isOver(): boolean {
    const { end, lost } = this.#stream.log
    return end !== undefined || lost !== undefined
  }

  async #takeOnce(): Promise<void> {
    this.#mayHaveMore = false
    const { connection, keys } = this.#context
    const { facts, log } = this.#stream
    const recordKeys = [keys.meta(facts), keys.inbox(facts)]
    const messages = textsIn(await connection.run(SCRIPTS.takeMessages, recordKeys, [log.epoch, this.#taken]))
    const refused = messages.findIndex((message) => !this.#deliver(message))
    const count = refused === -1 ? messages.length : refused
    this.#taken += count
    // The store is asked once more: it learns what was taken, and may have more by now.
    if (count > 0) this.#mayHaveMore = true
  }

  /** `false`: the source has no room for it now. */
  #deliver(text: string): boolean {
    let message: Json
    try {
      message = fromStoredJson(text, 'A message') as Json
    } catch (error) {
      // It is taken, and nobody is given it: those behind it would wait for it for ever.
      this.#context.options.onWarning(
        `A message to the source of ${this.#stream.facts.id} is dropped: ${String(error)}`,
      )
      return true
    }
    return [...this.#stream.log.watchers].some((watcher) => watcher.message?.(message))
  }
}
