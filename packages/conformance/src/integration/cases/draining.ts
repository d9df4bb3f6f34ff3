import { expect, onTestFinished, test } from 'vitest'

import type { IntegrationDriver } from '../rig/driver.ts'
import { endOf, textOf } from '../rig/native-body.ts'
import { IntegrationScene } from '../rig/scene.ts'

/** A server that is to stop. */
export function describeDraining(driver: IntegrationDriver): void {
  test('a drain ends what runs, politely, and refuses what comes', async () => {
    const served = await driver.serve()
    onTestFinished(() => served.close())
    const scene = new IntegrationScene(driver, served)
    const script = scene.script({ say: ['one '], after: 'wait' })
    const answer = await scene.chat(script)
    await answer.until('one')
    const drained = scene.report(script, { drain: '0' })
    const body = await answer.text()
    expect(textOf(body)).toBe('one ')
    expect(endOf(body)).toMatchObject({ reason: 'interrupted', cause: 'drain', complete: false })
    expect((await drained).calls).toBe(1)
    const refused = await scene.chat(scene.script())
    expect([refused.status, await refused.json()]).toMatchObject([503, { code: 'SLUICE_ERR_DRAINING' }])
  })
}
