import type { Runtime } from '@sluice/core'

/** The way between a process and its server: everything takes its time, nothing overtakes. Tests stop and cut it. */
export class RemoteLink {
  /** How long one way takes, in milliseconds. */
  delayMs: number
  /** False: what is on its way stays there until it is let go. */
  moving = true
  /** True: what is asked fails, when it would have been answered … */
  cut = false
  /** … or is done, and nobody hears of it. */
  losesAnswers = false
  readonly #runtime: Runtime
  readonly #onTheWay: (() => void)[] = []
  readonly #timers: Set<() => void> = new Set()

  constructor(runtime: Runtime, delayMs: number) {
    this.#runtime = runtime
    this.delayMs = delayMs
  }

  /** There and back: `work` is done on the server, in between. */
  ask<Value>(work: () => Value): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.carry(() => {
        if (this.cut) return this.carry(() => reject(new Error('the store does not answer')))
        const value = work()
        this.carry(() => (this.losesAnswers ? reject(new Error('the answer was lost')) : resolve(value)))
      })
    })
  }

  /** One way. */
  carry(task: () => void): void {
    this.#onTheWay.push(task)
    this.#wait()
  }

  /** Lets everything move again that was stopped. */
  release(): void {
    this.moving = true
    for (let waiting = this.#onTheWay.length - this.#timers.size; waiting > 0; waiting--) this.#wait()
  }

  dispose(): void {
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
    this.#onTheWay.length = 0
  }

  /** Each timer lets the oldest pass, whoever it was set for. */
  #wait(): void {
    const cancel = this.#runtime.after(this.delayMs, () => {
      this.#timers.delete(cancel)
      if (this.moving) this.#onTheWay.shift()?.()
    })
    this.#timers.add(cancel)
  }
}
