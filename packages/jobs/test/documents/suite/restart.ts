import { expect, test } from 'vitest'

import { type DocumentStoreDriver, fill, LONG_MS, openFor, writeOf } from './rig.ts'

const JOB = { kind: 'job', id: 'a' }

export function describeRestart(driver: DocumentStoreDriver): void {
  test('what was written is there after a restart', async () => {
    const { store, reopen } = await openFor(driver)
    await fill(store, writeOf('a', { priority: 2, value: 'ü' }), writeOf('b', { scope: '\0😀', dueInMs: LONG_MS }))
    await store.claim({ kind: 'job', from: ['queued'], to: 'running', leaseMs: LONG_MS, limit: 1 })
    const before = [await store.read(JOB), await store.read({ kind: 'job', id: 'b' })]
    expect(before[0]).toMatchObject({ lease: 1, state: 'running' })
    await store.close()
    const again = await reopen!()
    expect([await again.read(JOB), await again.read({ kind: 'job', id: 'b' })]).toEqual(before)
    expect(await again.count('job', { state: 'running' })).toBe(1)
    expect(await again.renew(JOB, 1, LONG_MS)).toBe(true)
    expect(
      await again.claim({ kind: 'job', from: ['running', 'queued'], to: 'running', leaseMs: 1, limit: 9 }),
    ).toEqual([])
    expect(await again.write([writeOf('a', { after: 1 })])).toEqual({ is: 'ok' })
  })
}
