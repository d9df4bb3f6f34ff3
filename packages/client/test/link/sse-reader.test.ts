import { describeSseParser } from '@sluice/conformance/sse'
import { costGrowth } from '@sluice/testing/patience'
import { expect, test } from 'vitest'

import { createSseReader, type PushBytes } from '../../src/link/sse-reader.ts'

interface Heard {
  events: { id: string; event: string; data: string }[]
  retry: number[]
}

function readerOf(heard: Heard): PushBytes {
  return createSseReader({
    onEvent: (event, data, id) => heard.events.push({ id, event, data }),
    onRetry: (retryMs) => heard.retry.push(retryMs),
  })
}

const nothing = (): Heard => ({ events: [], retry: [] })

describeSseParser('of the client', (pieces) => {
  const heard = nothing()
  const push = readerOf(heard)
  for (const piece of pieces) push(piece)
  return { events: heard.events, retry: heard.retry }
})

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

test.each([
  ['a line', 'x'.repeat(1_000)],
  ['lines of one event', 'data: x\n'],
  ['lines without data', 'data\n'],
])('contract 6: %s that never ends is refused, not held', (_, piece) => {
  const push = readerOf(nothing())
  const pushAll = (): void => {
    for (let chars = 0; chars < 10_000_000; chars += piece.length) push(bytes(piece))
  }
  expect(pushAll).toThrow('An event is too long')
})

test.each([
  [
    'a line byte by byte',
    (size: number) => () => {
      const push = readerOf(nothing())
      for (let index = 0; index < size; index++) push(Uint8Array.of(120))
      push(bytes('\n'))
    },
  ],
  [
    'many lines at once',
    (size: number) => {
      const text = bytes('data: x\n\n'.repeat(size))
      return () => readerOf(nothing())(text)
    },
  ],
  [
    'many lines of one event',
    (size: number) => {
      const text = bytes(`${'data: x\n'.repeat(size)}\n`)
      return () => readerOf(nothing())(text)
    },
  ],
])('%s costs no more than its length', async (_, prepare) => {
  expect(await costGrowth(prepare, { size: 24_000, factor: 8 })).toBeLessThan(8 ** 1.5)
})
