import type { Settings } from './settings.ts'

/** What a tab keeps of a run, to go on with it when it is loaded anew. */
export interface KeptRun {
  readonly id: string
  readonly settings: Settings
}

const NAME = 'sluice.run'

/** A tab keeps it for itself, and as long as it is open. */
export function keepRun(run: KeptRun): void {
  try {
    sessionStorage.setItem(NAME, JSON.stringify(run))
  } catch {
    // Where nothing can be kept, nothing is gone on with.
  }
}

export function forgetRun(): void {
  try {
    sessionStorage.removeItem(NAME)
  } catch {
    // Nothing was kept.
  }
}

export function keptRun(): KeptRun | undefined {
  try {
    return (JSON.parse(sessionStorage.getItem(NAME) ?? 'null') as KeptRun | null) ?? undefined
  } catch {
    return undefined
  }
}
