import type { WireBytes } from '@sluice/core/extend'
import { check, hostileText } from '@sluice/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { within } from '@sluice/testing/patience'
import type { SinkDriver } from './driver.ts'
import { createScene, expectAll, openScene } from './scene.ts'

/** Each opens a transport of its own. */
const FIDELITY_RUNS = 25
const TIMEOUT_MS = 180_000

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte)

const CASES: Readonly<Record<string, readonly WireBytes[]>> = {
  'ASCII text': ['data: hello\n\n', 'data: world\n\n'],
  'text within Latin-1, which is two bytes a letter in UTF-8': ['é', 'ÿ\u0080', 'naïve café\n\n'],
  'text beyond Latin-1': ['日本語', 'Ελληνικά', '😀👩🏽‍🚀', '\u2028\ufeff\u0000'],
  'half a surrogate pair, which no UTF-8 can say': ['a\ud83d', '\ude00b'],
  'line ends, and what looks like framing': ['\r\n', '0\r\n\r\n', '5\r\nhello\r\n', '\r', '\n\n'],
  'every byte': [EVERY_BYTE],
  'a view into other bytes': [EVERY_BYTE.subarray(100, 200), EVERY_BYTE.subarray(255)],
  'text and bytes by turns': ['a', Uint8Array.of(0xe6), Uint8Array.of(0x97, 0xa5), 'é', EVERY_BYTE, 'b'],
  'writes of 1, 15, 16, 255, 256 and 4096 bytes': [1, 15, 16, 255, 256, 4096].map((size) => 'x'.repeat(size)),
}

const piece: fc.Arbitrary<WireBytes> = fc.oneof(
  hostileText(),
  fc.uint8Array({ maxLength: 300 }),
  fc.integer({ min: 1, max: 40_000 }).map((size) => 'ü'.repeat(size)),
  fc.integer({ min: 1, max: 40_000 }).map((size) => new Uint8Array(size).fill(size)),
)

/** What is written arrives: in order, every byte, and nothing else. */
export function describeFidelity(driver: SinkDriver): void {
  describe('contract 1, what is written', () => {
    test.each(Object.keys(CASES))('arrives as it is: %s', async (name) => {
      const scene = await openScene(driver)
      scene.client.resume()
      for (const bytes of CASES[name]!) scene.write(bytes)
      scene.sink.close()
      expect(await within(scene.client.endedCleanly, 'a clean end')).toBe(true)
      expectAll(scene)
    })

    test('arrives without an end to come: before the next write, and before the close', async () => {
      const scene = await openScene(driver)
      scene.client.resume()
      for (const bytes of ['a', 'ü', Uint8Array.of(1, 2)]) {
        scene.write(bytes)
        await scene.arrived()
      }
      expectAll(scene)
    })

    test('may be nothing, which sends nothing and ends nothing', async () => {
      const scene = await openScene(driver)
      scene.client.resume()
      for (const bytes of ['', 'a', '', new Uint8Array(), 'b', new Uint8Array()]) expect(scene.write(bytes)).toBe(true)
      await scene.arrived()
      scene.write('c')
      scene.sink.close()
      expect(await within(scene.client.endedCleanly, 'a clean end')).toBe(true)
      expectAll(scene)
    })

    test('arrives in order when a thousand writes are made in one turn', async () => {
      const scene = await openScene(driver)
      scene.client.resume()
      for (let index = 0; index < 1000; index++) scene.write(index % 3 === 0 ? `é${index};` : `${index};`)
      await scene.arrived()
      expectAll(scene)
    })

    test('arrives whole when one write is larger than any queue', async () => {
      const scene = await openScene(driver)
      scene.client.resume()
      scene.write('日'.repeat(1_000_000))
      scene.write(new Uint8Array(3_000_000).fill(0xff))
      scene.sink.close()
      expect(await within(scene.client.endedCleanly, 'a clean end')).toBe(true)
      expectAll(scene)
    })

    test(
      'arrives whatever it is and however it is cut',
      async () => {
        const property = fc.asyncProperty(fc.array(piece, { maxLength: 30 }), async (pieces) => {
          const scene = await createScene(driver)
          scene.client.resume()
          for (const bytes of pieces) if (!scene.write(bytes)) await within(scene.sink.drained(), 'a drain')
          scene.sink.close()
          expect(await within(scene.client.endedCleanly, 'a clean end')).toBe(true)
          expectAll(scene)
          await scene.cleanup()
        })
        await check(property, { numRuns: FIDELITY_RUNS })
      },
      TIMEOUT_MS,
    )
  })
}
