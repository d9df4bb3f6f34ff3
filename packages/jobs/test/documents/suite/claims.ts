import { expect, test } from 'vitest'

import { CLAIM, type DocumentStoreDriver, fill, idsOf, LONG_MS, openFor, SHORT_MS, writeOf } from './rig.ts'

/** Long enough for some writes, whatever the machine does. */
const OLD_MS = 1_000
const JOB = { kind: 'job', id: 'a' }

export function describeClaims(driver: DocumentStoreDriver): void {
  test('what is due is claimed by priority, then by time, and changes its state', async () => {
    const { store, passMs } = await openFor(driver)
    for (const id of ['first', 'second', 'third']) {
      await fill(store, writeOf(id))
      await passMs(2)
    }
    await fill(store, writeOf('slow', { priority: -1 }), writeOf('urgent', { priority: 5 }))
    await fill(
      store,
      writeOf('never', { dueInMs: undefined, priority: 9 }),
      writeOf('far', { dueInMs: LONG_MS, priority: 9 }),
    )
    await fill(
      store,
      writeOf('late', { dueInMs: SHORT_MS }),
      writeOf('urgent-late', { dueInMs: SHORT_MS, priority: 5 }),
    )
    await passMs(SHORT_MS + 5)
    expect(idsOf(await store.claim({ ...CLAIM, limit: 1 }))).toEqual(['urgent'])
    expect(idsOf(await store.claim(CLAIM))).toEqual(['urgent-late', 'first', 'second', 'third', 'late', 'slow'])
    const first = await store.read({ kind: 'job', id: 'first' })
    expect(first).toMatchObject({ state: 'running', lease: 1, version: 1, value: { id: 'first' } })
    expect(await store.claim(CLAIM)).toEqual([])
    expect(await store.count('job', { state: 'queued' })).toBe(2)
  })

  test('a claim gives the document as it is then, and takes as many as it may', async () => {
    const { store } = await openFor(driver)
    await fill(store, ...Array.from({ length: 7 }, (_, index) => writeOf(`d${index}`, { priority: -index })))
    const claimed = await store.claim({ ...CLAIM, limit: 3 })
    expect(idsOf(claimed)).toEqual(['d0', 'd1', 'd2'])
    for (const each of claimed) expect(await store.read(each)).toEqual(each)
    expect(idsOf(await store.claim({ ...CLAIM, limit: 9 }))).toEqual(['d3', 'd4', 'd5', 'd6'])
  })

  test('however many are due at the same time, each is claimed once, and each is listed once', async () => {
    const { store } = await openFor(driver)
    const COUNT = 150
    const all = Array.from({ length: COUNT }, (_, index) => writeOf(`d${index}`, { scope: `s${index % 2}` }))
    expect(await store.write(all)).toEqual({ is: 'ok' })
    const listed = ['s0', 's1'].map(async (scope) => (await store.list({ kind: 'job', scope, limit: COUNT })).documents)
    expect(new Set((await Promise.all(listed)).flatMap(idsOf)).size).toBe(COUNT)
    const some = await store.claim({ ...CLAIM, limit: 40, perScope: 20 })
    expect(some).toHaveLength(40)
    expect(await store.claim({ ...CLAIM, limit: COUNT, perScope: 20 })).toEqual([])
    const rest = await store.claim({ ...CLAIM, limit: COUNT })
    expect(new Set(idsOf([...some, ...rest])).size).toBe(COUNT)
    expect(await store.count('job', { state: 'running' })).toBe(COUNT)
  })

  test('of one scope no more are in the new state than may be, and others are taken instead', async () => {
    const { store } = await openFor(driver)
    for (let index = 0; index < 5; index++) await fill(store, writeOf(`s${index}`, { priority: 5 }))
    await fill(store, writeOf('t0', { scope: 't' }), writeOf('t1', { scope: 't' }), writeOf('other', { kind: 'other' }))
    expect(idsOf(await store.claim({ ...CLAIM, perScope: 2 })).toSorted()).toEqual(['s0', 's1', 't0', 't1'])
    expect(await store.claim({ ...CLAIM, perScope: 2 })).toEqual([])
    // One is over, whatever has been made of it: there is room for another.
    await fill(store, writeOf('s1', { after: 1, state: 'ended', dueInMs: undefined }))
    expect(idsOf(await store.claim({ ...CLAIM, perScope: 2 }))).toEqual(['s2'])
    expect(await store.claim({ ...CLAIM, id: 's3', perScope: 2 })).toEqual([])
    expect(idsOf(await store.claim({ ...CLAIM, perScope: 3, limit: 1 }))).toEqual(['s3'])
  })

  test('of several states the first is the one that comes first, and those that are in the new one already are taken in any case', async () => {
    const { store, passMs } = await openFor(driver)
    await fill(store, ...['a', 'b', 'c'].map((id, index) => writeOf(id, { priority: 3 - index })))
    const both = { ...CLAIM, from: ['queued', 'running', 'queued'], perScope: 1 }
    expect(idsOf(await store.claim({ ...both, leaseMs: SHORT_MS }))).toEqual(['a'])
    await passMs(SHORT_MS + 5)
    await fill(store, writeOf('d', { state: 'ended' }))
    expect(idsOf(await store.claim({ ...both, perScope: undefined }))).toEqual(['a', 'b', 'c'])
    expect(await store.read(JOB)).toMatchObject({ lease: 2, state: 'running' })
    expect(idsOf(await store.claim({ ...CLAIM, from: ['ended'], to: 'ended' }))).toEqual(['d'])
  })

  test('one that is over its lease is taken though its scope has as many as it may', async () => {
    const { store, passMs } = await openFor(driver)
    await fill(store, writeOf('a', { priority: 1 }), writeOf('b'), writeOf('c'))
    await store.claim({ ...CLAIM, leaseMs: SHORT_MS, limit: 2 })
    await passMs(SHORT_MS + 5)
    expect(idsOf(await store.claim({ ...CLAIM, from: ['queued', 'running'], perScope: 2 })).toSorted()).toEqual([
      'a',
      'b',
    ])
  })

  test('one may be claimed by its id, if it is there to be claimed', async () => {
    const { store } = await openFor(driver)
    await fill(store, writeOf('a'), writeOf('b'), writeOf('c', { dueInMs: LONG_MS }), writeOf('d', { state: 'ended' }))
    for (const id of ['c', 'd', 'nobody']) expect(await store.claim({ ...CLAIM, id })).toEqual([])
    expect(idsOf(await store.claim({ ...CLAIM, id: 'b' }))).toEqual(['b'])
    expect(await store.claim({ ...CLAIM, id: 'b' })).toEqual([])
    expect(idsOf(await store.claim(CLAIM))).toEqual(['a'])
  })

  test('those that were written first long ago are claimed, due or not, but none that somebody has', async () => {
    const { store, passMs } = await openFor(driver)
    const far = { dueInMs: LONG_MS }
    await fill(
      store,
      writeOf('old', far),
      writeOf('old-due'),
      writeOf('never', { dueInMs: undefined }),
      writeOf('taken', { priority: 1 }),
    )
    await store.claim({ ...CLAIM, limit: 1, to: 'queued' })
    await passMs(OLD_MS + 5)
    await fill(store, writeOf('young'), writeOf('young-far', far))
    // A later write makes it no younger.
    await fill(store, writeOf('old', { ...far, after: 1 }))
    const old = { ...CLAIM, to: 'ended', olderThanMs: OLD_MS }
    expect(await store.claim({ ...old, id: 'young' })).toEqual([])
    expect(idsOf(await store.claim({ ...old, id: 'never' }))).toEqual(['never'])
    expect(await store.claim({ ...old, limit: 1 })).toHaveLength(1)
    const rest = idsOf(await store.claim(old))
    expect(rest).toHaveLength(1)
    expect(await store.count('job', { state: 'ended' })).toBe(3)
    for (const id of ['taken', 'young', 'young-far'])
      expect(await store.read({ kind: 'job', id })).toMatchObject({ state: 'queued' })
    expect(idsOf(await store.claim({ ...old, olderThanMs: 0 })).toSorted()).toEqual(['young', 'young-far'])
  })

  test('a lease is over in its time, and then it is due again', async () => {
    const { store, passMs } = await openFor(driver)
    await fill(store, writeOf('a'))
    await store.claim({ ...CLAIM, leaseMs: SHORT_MS })
    const again = { ...CLAIM, from: ['running'] }
    if (driver.time === 'virtual') {
      await passMs(SHORT_MS - 1)
      expect(await store.claim(again)).toEqual([])
      expect(await store.nextDueInMs('job', ['running'])).toBe(1)
      await passMs(1)
    } else await passMs(SHORT_MS + 5)
    expect(await store.nextDueInMs('job', ['running'])).toBe(0)
    expect(await store.claim(again)).toMatchObject([{ id: 'a', lease: 2 }])
    expect(await store.claim(again)).toEqual([])
  })

  test('a lease that is renewed goes on, for its holder alone', async () => {
    const { store, passMs } = await openFor(driver)
    await fill(store, writeOf('a'))
    expect(await store.renew(JOB, 0, LONG_MS)).toBe(false)
    await store.claim({ ...CLAIM, leaseMs: SHORT_MS })
    for (const lease of [0, 2]) expect(await store.renew(JOB, lease, LONG_MS)).toBe(false)
    expect(await store.renew(JOB, 1, LONG_MS)).toBe(true)
    await passMs(SHORT_MS + 5)
    const again = { ...CLAIM, from: ['running'] }
    expect(await store.claim(again)).toEqual([])
    // One that comes late has it still, as long as nobody has come between.
    expect(await store.renew(JOB, 1, SHORT_MS)).toBe(true)
    await passMs(SHORT_MS + 5)
    expect(await store.renew(JOB, 1, SHORT_MS)).toBe(true)
    await passMs(SHORT_MS + 5)
    expect(await store.claim(again)).toMatchObject([{ lease: 2 }])
    expect(await store.renew(JOB, 1, LONG_MS)).toBe(false)
    expect(await store.renew(JOB, 2, LONG_MS)).toBe(true)
    expect(await store.renew({ kind: 'job', id: 'nobody' }, 1, LONG_MS)).toBe(false)
  })

  test('whoever has the lease keeps it with a write that says the state and a time, and with no other', async () => {
    const { store } = await openFor(driver)
    for (const id of ['kept', 'moved', 'ended', 'gone']) await fill(store, writeOf(id))
    await store.claim(CLAIM)
    const running = { after: 1, state: 'running' }
    await fill(
      store,
      writeOf('kept', { ...running, dueInMs: LONG_MS, scope: 'other', value: 'step' }),
      writeOf('moved', { ...running, state: 'queued', dueInMs: LONG_MS }),
      writeOf('ended', { ...running, dueInMs: undefined }),
    )
    await store.write([{ kind: 'job', id: 'gone', after: 1 }])
    const renewed = async (id: string): Promise<boolean> => store.renew({ kind: 'job', id }, 1, LONG_MS)
    expect(await renewed('kept')).toBe(true)
    for (const id of ['moved', 'ended', 'gone']) expect([id, await renewed(id)]).toEqual([id, false])
    // Moved back, the lease is not his again.
    await fill(store, writeOf('moved', { after: 2, state: 'running', dueInMs: LONG_MS }))
    expect(await renewed('moved')).toBe(false)
  })

  test('it is said in how much time the next one is due', async () => {
    const { store, passMs } = await openFor(driver)
    const next = async (...states: string[]): Promise<number | undefined> => store.nextDueInMs('job', states)
    expect(await next('queued')).toBeUndefined()
    await fill(store, writeOf('a', { dueInMs: LONG_MS, priority: 1 }), writeOf('never', { dueInMs: undefined }))
    const far = (await next('queued', 'running'))!
    expect(far).toBeGreaterThan(LONG_MS / 2)
    expect(far).toBeLessThanOrEqual(LONG_MS)
    await fill(store, writeOf('b', { dueInMs: LONG_MS / 4, state: 'running' }), writeOf('c', { kind: 'other' }))
    expect(await next('queued')).toBeGreaterThan(LONG_MS / 2)
    expect(await next('running', 'queued')).toBeLessThanOrEqual(LONG_MS / 4)
    await fill(store, writeOf('d', { dueInMs: SHORT_MS, priority: -1 }))
    expect(await next('queued')).toBeLessThanOrEqual(SHORT_MS)
    await passMs(SHORT_MS + 5)
    expect(await next('queued')).toBe(0)
  })

  test('whoever claims at the same time as others is given what no other is given', async () => {
    const { store, second } = await openFor(driver)
    const stores = [store, (await second?.()) ?? store]
    const COUNT = 120
    for (let index = 0; index < COUNT; index++)
      await fill(store, writeOf(`d${index}`, { scope: `s${index % 5}`, priority: index % 3 }))
    const given: string[] = []
    const claimer = async (index: number): Promise<void> => {
      for (;;) {
        const claimed = await stores[index % 2]!.claim({ ...CLAIM, limit: 1 + (index % 4) })
        if (claimed.length === 0) return
        given.push(...idsOf(claimed))
      }
    }
    await Promise.all(Array.from({ length: 16 }, (_, index) => claimer(index)))
    expect(given).toHaveLength(COUNT)
    expect(new Set(given).size).toBe(COUNT)
  })

  test('the bound of a scope holds, however many claim at the same time', async () => {
    const { store, second } = await openFor(driver)
    const stores = [store, (await second?.()) ?? store]
    for (let index = 0; index < 40; index++) await fill(store, writeOf(`d${index}`, { scope: `s${index % 2}` }))
    const claims = Array.from({ length: 16 }, async (_, index) =>
      stores[index % 2]!.claim({ ...CLAIM, perScope: 3, limit: 2 }),
    )
    const claimed = (await Promise.all(claims)).flat()
    expect(claimed.map(({ scope }) => scope).toSorted()).toEqual(['s0', 's0', 's0', 's1', 's1', 's1'])
  })
}
