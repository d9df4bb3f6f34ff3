import { describe } from 'vitest'

import type { SinkDriver } from './driver.ts'
import { describeEnding } from './ending.ts'
import { describeFidelity } from './fidelity.ts'
import { describeLosing } from './losing.ts'
import { describeWaiting } from './waiting.ts'

/**
 * The suite that every transport's sink passes: call it in a Vitest file.
 *
 * @example
 * ```ts
 * const open = (): Promise<OpenedSink> => Promise.reject(new Error('here: your sink, a client at its other end'))
 * describeSink('mine', { open, queueBytes: 16 * 1024 })
 * ```
 */
export function describeSink(name: string, driver: SinkDriver): void {
  describe(`the sink of ${name}`, () => {
    describeFidelity(driver)
    describeWaiting(driver)
    describeEnding(driver)
    describeLosing(driver)
  })
}
