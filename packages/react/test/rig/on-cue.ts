import type { Source } from '@sluice/core'

/** What became of a source that waits for its cue. */
export interface CuedRun {
  /** How often it was run. */
  started: number
  aborted: boolean
  go(): void
}

/** A source that says `first`, and `rest` once it is told to; one that was aborted says no more. */
export function onCue(first: string, rest: readonly string[]): { source: Source; run: CuedRun } {
  const cue = Promise.withResolvers<void>()
  const run = { started: 0, aborted: false, go: cue.resolve }
  const source: Source = async function* ({ signal }) {
    run.started++
    signal.addEventListener('abort', () => {
      run.aborted = true
      cue.resolve()
    })
    yield first
    await cue.promise
    if (!signal.aborted) yield* rest
  }
  return { source, run }
}
