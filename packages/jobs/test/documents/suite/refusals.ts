import type { Json } from '@sluice/core'
import { expect, test } from 'vitest'

import { type DocumentStoreDriver, LONG_MS, openFor, writeOf } from './rig.ts'

const JOB = { kind: 'job', id: 'a' }

export function describeRefusals(driver: DocumentStoreDriver): void {
  test('a store that is closed says so', async () => {
    const { store } = await openFor(driver)
    await store.close()
    await store.close()
    const asks = [
      () => store.read(JOB),
      () => store.write([writeOf('a')]),
      () => store.list({ kind: 'job', scope: 's', limit: 1 }),
      () => store.count('job', { state: 'queued' }),
      () => store.claim({ kind: 'job', from: ['queued'], to: 'running', leaseMs: 1, limit: 1 }),
      () => store.renew(JOB, 1, 1),
      () => store.nextDueInMs('job', ['queued']),
      () => store.watch('job', () => {}),
    ]
    for (const ask of asks) await expect((async () => ask())()).rejects.toMatchObject({ code: 'SLUICE_ERR_STORE' })
  })

  test('what breaks its rule is refused, and named', async () => {
    const { store } = await openFor(driver)
    const refused = async (name: string, act: () => unknown): Promise<void> => {
      const error: unknown = await (async () => act())().catch((each: unknown) => each)
      expect([name, error]).toEqual([name, expect.objectContaining({ code: 'SLUICE_ERR_OPTION' })])
      expect((error as Error).message).toContain(name)
    }
    const claim = { kind: 'job', from: ['queued'], to: 'running', leaseMs: LONG_MS, limit: 1 }
    for (const kind of ['', 'Job', 'a:b', 'x'.repeat(33)]) await refused('kind', () => store.read({ kind, id: 'a' }))
    for (const id of ['', 'a b', 'ü', '{a}', 'x'.repeat(129)])
      await refused('id', () => store.read({ kind: 'job', id }))
    await refused('state', () => store.write([writeOf('a', { state: 'a b' })]))
    await refused('value', () => store.write([writeOf('a', { value: (() => {}) as unknown as Json })]))
    await refused('place', () => store.write([{ ...JOB, after: 0, value: 1 }]))
    await refused('writes', () => store.write([writeOf('a'), writeOf('a', { after: 1 })]))
    for (const after of [-1, 0.5, Number.NaN]) await refused('after', () => store.write([writeOf('a', { after })]))
    for (const dueInMs of [-1, Number.NaN, Infinity])
      await refused('dueInMs', () => store.write([writeOf('a', { dueInMs })]))
    for (const priority of [1_001, 0.5]) await refused('priority', () => store.write([writeOf('a', { priority })]))
    for (const limit of [0, 1.5, 10_001]) {
      await refused('limit', () => store.claim({ ...claim, limit }))
      await refused('limit', () => store.list({ kind: 'job', scope: 's', limit }))
    }
    await refused('leaseMs', () => store.claim({ ...claim, leaseMs: 0 }))
    await refused('perScope', () => store.claim({ ...claim, perScope: 0 }))
    expect(await store.read(JOB)).toBeUndefined()
  })
}
