import { afterAll, beforeAll, describe } from 'vitest'

import { describeBackpressure } from './cases/backpressure.ts'
import { describeBodies } from './cases/bodies.ts'
import { describeDraining } from './cases/draining.ts'
import { describeErrors } from './cases/errors.ts'
import { describeLeaving } from './cases/leaving.ts'
import { describeMounting } from './cases/mounting.ts'
import { describeResuming } from './cases/resuming.ts'
import { describeStreaming } from './cases/streaming.ts'
import { behindNginx, NGINX_SETUPS } from './rig/behind-nginx.ts'
import type { IntegrationDriver, ServedIntegration } from './rig/driver.ts'
import { IntegrationScene } from './rig/scene.ts'

/**
 * The suite that every integration into a framework passes: call it in a Vitest file.
 *
 * @example
 * ```ts
 * const serve = (): Promise<ServedIntegration> => Promise.reject(new Error('here: an application of your framework'))
 * describeIntegration('my framework', { serve })
 * ```
 */
export function describeIntegration(name: string, driver: IntegrationDriver): void {
  describe(`the integration into ${name}`, () => {
    let served: ServedIntegration | undefined
    beforeAll(async () => {
      served = await driver.serve()
    })
    afterAll(() => served?.close())
    const open = (): IntegrationScene => new IntegrationScene(driver, served!)
    describeStreaming(open, driver)
    describeBodies(open)
    describeResuming(open)
    describeLeaving(open, driver)
    describeErrors(open)
    describeBackpressure(open)
    describeMounting(open)
    describeDraining(driver)
  })
}

/**
 * The same suite, with a real nginx between the application and its clients: as it comes, and compressing what it can. It needs the
 * program, of Debian or at `NGINX_PATH`.
 *
 * @example
 * ```ts
 * const serve = (): Promise<ServedIntegration> => Promise.reject(new Error('here: an application of your framework'))
 * describeBehindNginx('my framework', { serve })
 * ```
 */
export function describeBehindNginx(name: string, driver: IntegrationDriver): void {
  for (const setup of NGINX_SETUPS) {
    describeIntegration(`${name}, behind nginx ${setup.name}`, behindNginx(driver, setup))
  }
}
