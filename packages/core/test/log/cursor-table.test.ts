import { formatCursor, parseCursor } from '@sluice/core/extend'
import { describe, expect, test } from 'vitest'
import { createRig, type Rig, sluiceErrorOf } from '../rig/core-rig.ts'

const SERVER = { as: 'server' } as const
const TINY = { onDisconnect: 'continue', windowBytes: 64, maxEventBytes: 64, retentionBytes: 1024 } as const

async function startStream(rig: Rig, count: number, ended: boolean): Promise<{ id: string; seq: number }> {
  const stream = await rig.sluice.start(async function* () {
    for (let index = 0; index < count; index++) yield `token ${index} `
    if (!ended) await new Promise(() => {})
  }, SERVER)
  await rig.runtime.flush()
  return { id: stream.id, seq: parseCursor(stream.cursor).seq }
}

describe.each([
  ['running', false],
  ['ended', true],
] as const)('contract 1, the cursor table of a %s stream', (_, ended) => {
  test('within the log: reading goes on right after it', async () => {
    const rig = createRig()
    const { id } = await startStream(rig, 3, ended)
    const stream = await rig.sluice.attach({ cursor: formatCursor(id, 1, 2) }, SERVER)
    const { value } = await stream[Symbol.asyncIterator]().next()
    expect(value).toEqual({ type: 'text', text: 'token 2 ' })
  })

  test('at its end: waits while it runs, is exhausted when it has ended', async () => {
    const rig = createRig()
    const { id, seq } = await startStream(rig, 3, ended)
    const stream = await rig.sluice.attach({ cursor: formatCursor(id, 1, seq) }, SERVER)
    expect(stream.exhausted).toBe(ended)
  })

  test.each([
    ['ahead of the log', (id: string) => formatCursor(id, 1, 99), 'SLUICE_ERR_CURSOR_AHEAD', 409],
    ['of an epoch that never was', (id: string) => formatCursor(id, 9, 1), 'SLUICE_ERR_CURSOR_AHEAD', 409],
    ['of epoch 0 and a position', (id: string) => formatCursor(id, 0, 1), 'SLUICE_ERR_CURSOR_AHEAD', 409],
    ['malformed', (id: string) => `${id}.1`, 'SLUICE_ERR_CURSOR_MALFORMED', 400],
    ['of another stream', () => 'nosuchstream.1.1', 'SLUICE_ERR_CURSOR_MALFORMED', 400],
  ])('%s: refused', async (_name, make, code, status) => {
    const rig = createRig()
    const { id } = await startStream(rig, 3, ended)
    const error = await sluiceErrorOf(() => rig.sluice.attach({ id }, { ...SERVER, after: make(id) }))
    expect(error).toMatchObject({ code, status })
  })

  test('before the trimmed head: 410; right at the head: goes on', async () => {
    const rig = createRig({ stream: TINY })
    const { id, seq } = await startStream(rig, 200, ended)
    const error = await sluiceErrorOf(() => rig.sluice.attach({ cursor: formatCursor(id, 1, 1) }, SERVER))
    expect(error).toMatchObject({ code: 'SLUICE_ERR_CURSOR_TRIMMED', status: 410 })
    const zero = await sluiceErrorOf(() => rig.sluice.attach({ cursor: formatCursor(id, 1, 0) }, SERVER))
    expect(zero).toMatchObject({ code: 'SLUICE_ERR_CURSOR_TRIMMED', status: 410 })
    const { position } = await rig.sluice.attach({ id }, SERVER)
    expect(parseCursor(position).seq).toBeGreaterThan(0)
    expect(parseCursor(position).seq).toBeLessThan(seq)
    await rig.sluice.attach({ cursor: position }, SERVER)
  })

  test('of the superseded epoch at or past the end that was written from outside: 409', async () => {
    const rig = createRig()
    const { id, seq } = await startStream(rig, 3, false)
    await rig.sluice.cancel({ id }, SERVER)
    const error = await sluiceErrorOf(() => rig.sluice.attach({ cursor: formatCursor(id, 1, seq + 1) }, SERVER))
    expect(error).toMatchObject({ code: 'SLUICE_ERR_CURSOR_AHEAD', status: 409 })
    const stream = await rig.sluice.attach({ cursor: formatCursor(id, 1, seq) }, SERVER)
    expect((await stream.result()).end.reason).toBe('cancelled')
  })
})

describe('contract 12: what is gone and what never was', () => {
  test('unknown and forbidden streams give the very same 404', async () => {
    const rig = createRig()
    const mine = await rig.sluice.start(() => ['a'], { as: { owner: 'ada', tenant: 't' } })
    const asked = [
      () => rig.sluice.attach({ id: mine.id }, { as: { owner: 'bob', tenant: 't' } }),
      () => rig.sluice.attach({ cursor: mine.cursor }, { as: { owner: 'ada' } }),
      () => rig.sluice.attach({ id: 'nosuchstream' }, { as: { owner: 'ada', tenant: 't' } }),
      () => rig.sluice.attach({ id: 'no such id!' }, { as: { owner: 'ada', tenant: 't' } }),
      () => rig.sluice.attach({ cursor: 'nosuchstream.1.1' }, { as: { owner: 'ada', tenant: 't' } }),
      () => rig.sluice.attach({ key: 'nosuchkey' }, { as: { owner: 'ada', tenant: 't' } }),
    ]
    const errors = await Promise.all(asked.map(sluiceErrorOf))
    expect(new Set(errors.map(({ code, status, message }) => `${code} ${status} ${message}`)).size).toBe(1)
    expect(errors[0]).toMatchObject({ code: 'SLUICE_ERR_NOT_FOUND', status: 404 })
  })

  test.each(['erased', 'expired'])('an %s stream is 410 to its owner and 404 to others', async (how) => {
    const rig = createRig()
    const { id, cursor } = await rig.sluice.start(() => ['a'], { as: { owner: 'ada' } })
    await rig.runtime.flush()
    if (how === 'erased') await rig.sluice.erase({ id }, { as: { owner: 'ada' } })
    else await rig.runtime.advance(40_000 + 3_600_000)
    for (const ref of [{ id }, { cursor }]) {
      const own = await sluiceErrorOf(() => rig.sluice.attach(ref, { as: { owner: 'ada' } }))
      expect(own).toMatchObject({ code: 'SLUICE_ERR_GONE', status: 410 })
      const other = await sluiceErrorOf(() => rig.sluice.attach(ref, { as: { owner: 'bob' } }))
      expect(other).toMatchObject({ code: 'SLUICE_ERR_NOT_FOUND', status: 404 })
    }
  })
})
