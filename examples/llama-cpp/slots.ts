import type { LlamaContext, LlamaContextSequence } from 'node-llama-cpp'

/** The sequences of a context: whoever came first gets the next one that is free. */
export class Slots {
  readonly #context: LlamaContext
  readonly #waiting: ((sequence: LlamaContextSequence) => void)[] = []

  constructor(context: LlamaContext) {
    this.#context = context
  }

  /** A sequence to decode on, as soon as there is one. Rejects when `signal` aborts before. */
  async take(signal: AbortSignal): Promise<LlamaContextSequence> {
    signal.throwIfAborted()
    if (this.#waiting.length === 0 && this.#context.sequencesLeft > 0) return this.#context.getSequence()
    const { promise, resolve, reject } = Promise.withResolvers<LlamaContextSequence>()
    const leave = (): void => {
      const place = this.#waiting.indexOf(resolve)
      // It has its sequence already, and gives it back itself.
      if (place === -1) return
      this.#waiting.splice(place, 1)
      reject(signal.reason)
    }
    this.#waiting.push(resolve)
    signal.addEventListener('abort', leave)
    return promise.finally(() => signal.removeEventListener('abort', leave))
  }

  /** Frees a sequence, and all that the model has in mind on it. */
  async giveBack(sequence: LlamaContextSequence): Promise<void> {
    await sequence.dispose()
    // Who came meanwhile, when nobody waited, may have taken it.
    if (this.#context.sequencesLeft > 0) this.#waiting.shift()?.(this.#context.getSequence())
  }
}
