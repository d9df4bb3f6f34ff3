import type { Source } from '@sluice/core'

/** A source that yields what it is told to, when it is told to. */
export interface CuedSource {
  readonly source: Source
  /** How often it was run. */
  readonly started: number
  readonly aborted: boolean
  say(...tokens: string[]): void
  finish(): void
}

export function createCuedSource(): CuedSource {
  const tokens: string[] = []
  let isOver = false
  let wake: (() => void) | undefined
  const poke = (): void => wake?.()
  const cued = {
    started: 0,
    aborted: false,
    async *source({ signal }: { signal: AbortSignal }): AsyncGenerator<string> {
      cued.started++
      signal.addEventListener('abort', () => {
        cued.aborted = true
        poke()
      })
      while (!signal.aborted) {
        const token = tokens.shift()
        if (token !== undefined) yield token
        else if (isOver) return
        else await new Promise<void>((resolve) => (wake = resolve))
      }
    },
    say(...more: string[]): void {
      tokens.push(...more)
      poke()
    },
    finish(): void {
      isOver = true
      poke()
    },
  }
  return cued
}
