import { check } from '@sluice/testing'
import { costGrowth } from '@sluice/testing/patience'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { createFrameReader, toFrame } from '../../src/link/connect/connect-frames.ts'

const messages = fc.array(fc.record({ text: fc.string({ unit: 'binary', maxLength: 40 }) }), { maxLength: 10 })

function bytesOf(said: readonly object[]): Uint8Array {
  return Buffer.concat(said.map((message) => toFrame(message)))
}

test('contract 1: messages are what they were, wherever the body is cut', () =>
  check(
    fc.property(messages, fc.array(fc.nat(60), { maxLength: 40 }), (said, sizes) => {
      const bytes = bytesOf(said)
      const last = Buffer.from(toFrame({}))
      last[0] = 2
      const whole = Buffer.concat([bytes, last])
      const heard: unknown[] = []
      const push = createFrameReader((json, isLast) => heard.push(isLast ? 'last' : JSON.parse(json)))
      let at = 0
      for (const size of sizes) push(whole.subarray(at, (at += size)))
      push(whole.subarray(at))
      expect(heard).toEqual([...said.map((message) => JSON.parse(JSON.stringify(message)) as unknown), 'last'])
    }),
  ))

test('contract 1: a message that has not all come is not told', () => {
  const heard: string[] = []
  const push = createFrameReader((json) => heard.push(json))
  const bytes = toFrame({ text: 'Hello' })
  push(bytes.subarray(0, bytes.length - 1))
  expect(heard).toEqual([])
  push(bytes.subarray(bytes.length - 1))
  expect(heard).toEqual(['{"text":"Hello"}'])
})

test.each([
  ['is compressed, which nobody asked for', [1, 0, 0, 0, 1]],
  ['is longer than this client reads', [0, 1, 0, 0, 0]],
])('contract 6: a message that %s is refused before it is held', (why, prefix) => {
  const push = createFrameReader(() => undefined)
  expect(() => push(Uint8Array.from(prefix))).toThrow(why)
})

test('contract 6: a message that comes in small pieces costs no more than its length', async () => {
  const prepare = (size: number) => {
    const bytes = toFrame({ text: 'x'.repeat(size) })
    return () => {
      const push = createFrameReader(() => undefined)
      for (let at = 0; at < bytes.length; at += 16) push(bytes.subarray(at, at + 16))
    }
  }
  expect(await costGrowth(prepare, { size: 64_000, factor: 8 })).toBeLessThan(8 ** 1.5)
})
