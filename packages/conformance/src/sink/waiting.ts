import { describe, expect, test } from 'vitest'

import { quiet, until, within } from '@sluice/testing/patience'
import type { SinkDriver } from './driver.ts'
import { expectAll, expectPrefix, openScene, type SinkScene } from './scene.ts'

/** Whatever ends a wait. */
const RELEASES: Readonly<Record<string, (scene: SinkScene) => void>> = {
  'the client reads': ({ client }) => client.resume(),
  'the client leaves': ({ client }) => client.destroy(),
  'the sink is closed': ({ sink }) => sink.close(),
  'the sink is destroyed': ({ sink }) => sink.destroy(),
}

/** When a sink asks to wait, and how long. */
export function describeWaiting(driver: SinkDriver): void {
  const { queueBytes, tellsLoss = true, waits = true } = driver

  test('contract 7: a write within the bound is no reason to wait', async () => {
    const scene = await openScene(driver)
    scene.client.resume()
    for (let index = 0; index < 8; index++) expect(scene.write('x'.repeat(queueBytes / 16))).toBe(true)
    await scene.arrived()
    for (let index = 0; index < 8; index++) expect(scene.write('x'.repeat(queueBytes / 16))).toBe(true)
  })

  if (!waits) return
  describe('contract 6 and 7, a sink whose client does not read', () => {
    test('asks to wait, holds no more than its bound, and loses nothing', async () => {
      const scene = await openScene(driver)
      await scene.fill()
      expect(scene.queuedBytes?.() ?? 0).toBeLessThan(queueBytes + 2 * 1000)
      scene.client.resume()
      await within(scene.sink.drained(), 'a drain')
      expect(scene.write('x')).toBe(true)
      await scene.arrived()
      expectAll(scene)
    })

    test('counts bytes, not letters', async () => {
      const scene = await openScene(driver)
      await scene.fill('日')
      expect(scene.queuedBytes?.() ?? 0).toBeLessThan(queueBytes + 2 * 3000)
      scene.client.resume()
      await scene.arrived()
      expectAll(scene)
    })

    test('may read, stall and read again', async () => {
      const scene = await openScene(driver)
      for (let round = 0; round < 3; round++) {
        await scene.fill()
        scene.client.resume()
        await within(scene.sink.drained(), 'a drain')
        await scene.arrived()
        scene.client.pause()
      }
      expectAll(scene)
    })

    test.each(Object.keys(RELEASES).filter((name) => tellsLoss || name !== 'the client leaves'))(
      'lets every writer that waits go on when %s',
      async (name) => {
        const scene = await openScene(driver)
        await scene.fill()
        const waiting = [scene.sink.drained(), scene.sink.drained()]
        RELEASES[name]!(scene)
        await within(Promise.all(waiting), `a writer goes on when ${name}`)
      },
    )

    test('contract 2: may be cut short while it is closing, and that looks like no clean end', async () => {
      const scene = await openScene(driver)
      await scene.fill()
      scene.sink.close()
      await quiet()
      scene.sink.destroy()
      scene.client.resume()
      expect(await within(scene.client.endedCleanly, 'an end')).toBe(false)
      expectPrefix(scene)
    })

    test('makes nobody wait once it is over', async () => {
      const scene = await openScene(driver)
      await scene.fill()
      scene.sink.destroy()
      await within(scene.sink.drained(), 'a drain')
      scene.sink.write('late')
      await within(scene.sink.drained(), 'a drain')
      if (scene.queuedBytes) await until(() => scene.queuedBytes!() === 0, 'what was queued has been dropped')
    })
  })
}
