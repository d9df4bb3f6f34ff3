import { recordTraces } from '@sluice/core'
import { expect, test } from 'vitest'

const MIB = 1024 * 1024
const STREAMS = 200_000

function heapUsed(): number {
  for (let pass = 0; pass < 4; pass++) globalThis.gc!()
  return process.memoryUsage().heapUsed
}

test.each([
  ['were refused, or joined another one', false],
  ['went on elsewhere', true],
])('contract 6: nothing is kept for ever of streams that %s', (_, say) => {
  const { transform, observer } = recordTraces(() => undefined)
  const before = heapUsed()
  for (let index = 0; index < STREAMS; index++) {
    const rewrite = transform({ id: `stream-${index}`, meta: {} })
    if (say) void rewrite.transform({ type: 'text', text: 'a' })
  }
  expect(heapUsed() - before).toBeLessThan(10 * MIB)
  observer.ended?.({ id: 'stream-0' } as never, {} as never)
})
