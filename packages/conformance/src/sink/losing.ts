import { describe, expect, test } from 'vitest'

import { quiet, until, within } from '@sluice/testing/patience'
import type { SinkDriver } from './driver.ts'
import { openScene, type SinkScene } from './scene.ts'

/** How a transport comes to its end. */
const ENDS: Readonly<Record<string, (scene: SinkScene) => Promise<void> | void>> = {
  'a close': ({ sink }) => sink.close(),
  'a destroy': ({ sink }) => sink.destroy(),
  'a client that leaves while nothing is said': ({ client }) => client.destroy(),
  'a client that leaves in the middle': async (scene) => {
    scene.client.resume()
    scene.write('a')
    await scene.arrived()
    scene.client.destroy()
  },
  'a client that leaves while the sink waits for it': async (scene) => {
    await scene.fill()
    void scene.sink.drained()
    scene.client.destroy()
  },
  'a client that leaves while the sink is closing': async (scene) => {
    await scene.fill()
    scene.sink.close()
    await quiet()
    scene.client.destroy()
  },
}

/** A transport that is over is told of once, however it went. */
export function describeLosing(driver: SinkDriver): void {
  const { tellsLoss = true, waits = true } = driver
  const ends = Object.keys(ENDS).filter((name) => waits || !name.includes('while the sink'))

  if (!tellsLoss) return
  describe('contract 9 and 14, the end of the transport', () => {
    test('is not told of before', async () => {
      const scene = await openScene(driver)
      scene.client.resume()
      scene.write('a')
      await scene.arrived()
      await quiet()
      expect(scene.losses()).toBe(0)
    })

    test.each(ends)('is told of once, and leaves no listener: %s', async (name) => {
      const scene = await openScene(driver)
      await ENDS[name]!(scene)
      if (name.startsWith('a close')) scene.client.resume()
      await within(scene.lost, 'the owner is told')
      for (const late of ['late', Uint8Array.of(1)])
        if (!scene.sink.write(late)) await within(scene.sink.drained(), 'a drain')
      await within(scene.sink.drained(), 'a drain')
      scene.sink.close()
      scene.sink.destroy()
      await quiet()
      expect(scene.losses()).toBe(1)
      expect(scene.listeners?.() ?? 0).toBe(0)
    })

    test('is noticed by a writer that writes on and on, though it was asked to wait', async () => {
      const scene = await openScene(driver)
      scene.client.resume()
      await quiet()
      scene.client.destroy()
      await until(() => {
        scene.sink.write('x'.repeat(1000))
        return scene.losses() > 0
      }, 'the owner is told')
      await within(scene.lost, 'the owner is told')
      expect(scene.losses()).toBe(1)
    })
  })
}
