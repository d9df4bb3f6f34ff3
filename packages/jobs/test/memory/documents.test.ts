import { createVirtualRuntime } from '@sluice/testing'
import { expect, test } from 'vitest'

import { MemoryDocuments } from '../../src/memory/memory-documents.ts'
import { documentStoreSuite } from '../documents/suite/document-store-suite.ts'
import { LONG_MS, writeOf } from '../documents/suite/rig.ts'

documentStoreSuite('memory', {
  open() {
    const runtime = createVirtualRuntime()
    const store = new MemoryDocuments({ maxBytes: 2 ** 30, runtime })
    return { store, passMs: (ms) => runtime.advance(ms) }
  },
  time: 'virtual',
  survives: false,
})

test('over the bytes that all may take new documents are refused; what is there may be written on, and goes in its time', async () => {
  const runtime = createVirtualRuntime()
  const store = new MemoryDocuments({ maxBytes: 10_000, runtime })
  const forgotten = { value: 'x'.repeat(2_000), forgetInMs: LONG_MS }
  let count = 0
  const add = (): unknown => store.write([writeOf(`d${count++}`, forgotten)])
  expect(() => {
    for (;;) add()
  }).toThrow(expect.objectContaining({ code: 'SLUICE_ERR_OVERLOADED', message: expect.stringContaining('10000') }))
  expect(count).toBe(4)
  expect(store.write([writeOf('d0', { after: 1, value: 'x'.repeat(5_000) })])).toEqual({ is: 'ok' })
  expect(store.write([{ kind: 'job', id: 'd1', after: 1 }])).toEqual({ is: 'ok' })
  // Nobody asks, and it is gone all the same.
  await runtime.advance(LONG_MS + 1)
  expect(store.bytes).toBeLessThan(12_000)
  await store.close()
  expect(runtime.pendingTimers).toBe(0)
})
