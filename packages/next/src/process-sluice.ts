import type { Sluice } from '@sluice/core'

import type { SluiceHandlersOptions } from './handlers-options.ts'
import { warnOfMemory } from './serverless.ts'

/** Shared by every copy of this module: each bundle has one, and in development each version of it. */
const SLUICES = Symbol.for('@sluice/next/sluices')

/** The sluice of that name in this process; made by the first who asks. */
export function sluiceOfProcess({ name = '', sluice, onSourceError, onWarning }: SluiceHandlersOptions): Sluice {
  const shared = globalThis as { [SLUICES]?: Map<string, Sluice> }
  const sluices = (shared[SLUICES] ??= new Map())
  const found = sluices.get(name)
  if (found) return found
  const made = sluice()
  warnOfMemory(made, onWarning)
  if (onSourceError) {
    made.observe({
      failed: (stream, { where, error }) => void (where === 'source' && stream && onSourceError(error, stream)),
    })
  }
  sluices.set(name, made)
  return made
}
