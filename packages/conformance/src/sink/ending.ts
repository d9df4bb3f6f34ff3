import { describe, expect, test } from 'vitest'

import { quiet, within } from '@sluice/testing/patience'
import type { SinkDriver } from './driver.ts'
import { bytesOf, expectAll, expectPrefix, openScene, type SinkScene } from './scene.ts'

/** What a sink may be doing when it is ended; `full` only where it ever is. */
const MOMENTS: Readonly<Record<string, (scene: SinkScene) => Promise<void> | void>> = {
  'before its first write': () => undefined,
  'right after its first write': (scene) => void scene.write('data: ü\n\n'),
  'when its first write has arrived': async (scene) => {
    scene.client.resume()
    scene.write('data: ü\n\n')
    await scene.arrived()
  },
  'when it is full': (scene) => scene.fill(),
}

/** Close and destroy. */
export function describeEnding(driver: SinkDriver): void {
  const { tellsLoss = true, waits = true } = driver
  const moments = Object.keys(MOMENTS).filter((name) => waits || name !== 'when it is full')

  describe('contract 2, a close', () => {
    test.each(moments)('%s sends all that was queued, then ends politely', async (name) => {
      const scene = await openScene(driver)
      await MOMENTS[name]!(scene)
      scene.sink.close()
      scene.client.resume()
      expect(await within(scene.client.endedCleanly, 'a clean end')).toBe(true)
      expectAll(scene)
      if (tellsLoss) await within(scene.lost, 'the owner is told')
    })

    test('may be repeated, and followed by a destroy, with nothing more to see', async () => {
      const scene = await openScene(driver)
      scene.client.resume()
      scene.write('a')
      scene.sink.close()
      scene.sink.close()
      expect(await within(scene.client.endedCleanly, 'a clean end')).toBe(true)
      if (tellsLoss) await within(scene.lost, 'the owner is told')
      scene.sink.destroy()
      scene.sink.close()
      await quiet()
      expectAll(scene)
      expect(scene.losses()).toBe(tellsLoss ? 1 : 0)
    })

    test('is the last thing said: what is written later goes nowhere, and throws nothing', async () => {
      const scene = await openScene(driver)
      scene.client.resume()
      scene.write('a')
      scene.sink.close()
      for (const late of ['late', 'sp\u00e4t', Uint8Array.of(1), '']) scene.sink.write(late)
      await within(scene.sink.drained(), 'a drain')
      expect(await within(scene.client.endedCleanly, 'a clean end')).toBe(true)
      scene.sink.write('later')
      await quiet()
      expectAll(scene)
    })
  })

  describe('contract 2, a destroy', () => {
    test.each(moments)('%s never looks like a clean end', async (name) => {
      const scene = await openScene(driver)
      await MOMENTS[name]!(scene)
      scene.sink.destroy()
      scene.client.resume()
      expect(await within(scene.client.endedCleanly, 'an end')).toBe(false)
      expectPrefix(scene)
      if (tellsLoss) await within(scene.lost, 'the owner is told')
    })

    test('may be repeated, and followed by anything, with nothing more to see', async () => {
      const scene = await openScene(driver)
      scene.client.resume()
      scene.write('a')
      await scene.arrived()
      scene.sink.destroy()
      scene.sink.destroy()
      scene.sink.close()
      for (const late of ['late', Uint8Array.of(1), '']) scene.sink.write(late)
      await within(scene.sink.drained(), 'a drain')
      expect(await within(scene.client.endedCleanly, 'an end')).toBe(false)
      if (tellsLoss) await within(scene.lost, 'the owner is told')
      scene.sink.destroy()
      scene.sink.write('later')
      await quiet()
      expect(new TextDecoder().decode(bytesOf(scene))).toBe('a')
      expect(scene.losses()).toBe(tellsLoss ? 1 : 0)
    })
  })
}
