import type { Source } from '@sluice/core'

interface Run {
  readonly instance: string
  queued: number
  finishing: boolean
  failing: boolean
  over: boolean
  wake(): void
}

/** The model behind a stream, wherever it is run: says what it is told to, never the same thing twice. */
export class Speaker {
  /** Everything that was ever said, in the order in which it was. */
  readonly said: string[] = []
  readonly runs: Run[] = []

  /** The source, as `instance` has it. */
  source(instance: string): Source {
    return ({ signal }) => {
      const run: Run = { instance, queued: 0, finishing: false, failing: false, over: false, wake: () => {} }
      this.runs.push(run)
      signal.addEventListener('abort', () => run.wake())
      return this.#speak(run, signal)
    }
  }

  /** Everywhere where it runs, rightly or not. */
  say(count: number): void {
    this.#each((run) => (run.queued += count))
  }

  finish(): void {
    this.#each((run) => (run.finishing = true))
  }

  fail(): void {
    this.#each((run) => (run.failing = true))
  }

  /** Runs that go on, in processes that do. */
  running(isAlive: (instance: string) => boolean): Run[] {
    return this.runs.filter(({ over, instance }) => !over && isAlive(instance))
  }

  #each(change: (run: Run) => void): void {
    for (const run of this.runs) {
      change(run)
      run.wake()
    }
  }

  async *#speak(run: Run, signal: AbortSignal): AsyncGenerator<string> {
    try {
      while (!signal.aborted) {
        if (run.queued > 0) {
          run.queued--
          const token = `<${this.said.length}${run.instance}>`
          this.said.push(token)
          yield token
        } else if (run.failing) throw new Error('the source failed')
        else if (run.finishing) return
        else await new Promise<void>((resolve) => (run.wake = resolve))
      }
    } finally {
      run.over = true
    }
  }
}

/** The tokens of a text. */
export function tokensOf(text: string): string[] {
  return text.match(/<[^>]*>/g) ?? []
}
