import { describe } from 'vitest'

import type { SinkDriver } from './sink/driver.ts'
import { describeEnding } from './sink/ending.ts'
import { describeFidelity } from './sink/fidelity.ts'
import { describeLosing } from './sink/losing.ts'
import { describeWaiting } from './sink/waiting.ts'

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
