import type { Wire } from '@sluice/core/extend'
import { expect, test } from 'vitest'
import {
  createCollectingSink,
  createRig,
  createScriptedSource,
  createStallingSink,
  plainWire,
  textOf,
} from '../rig/core-rig.ts'

const SERVER = { as: 'server' } as const

function wireWhose(method: 'heartbeat' | 'encode' | 'open'): Wire {
  return {
    ...plainWire,
    create: (facts, options) => ({
      ...plainWire.create(facts, options),
      [method]: () => {
        throw new Error(`${method} failed`)
      },
    }),
  }
}

test.each(['open', 'encode', 'heartbeat'] as const)(
  'contract 2, 13: an encoder whose `%s` throws cuts its own reading and harms no other',
  async (method) => {
    const failed: string[] = []
    const { sluice, runtime } = createRig({ observers: [{ failed: (_, { where }) => void failed.push(where) }] })
    const scripted = createScriptedSource([{ wait: 40_000 }, { yield: 'late' }], { runtime })
    const stream = await sluice.start(scripted.source, SERVER)
    const [broken, whole] = [createCollectingSink(), createCollectingSink()]
    stream.deliver(broken, { wire: wireWhose(method), heartbeatMs: 10_000 })
    const other = await sluice.attach({ id: stream.id }, SERVER)
    other.deliver(whole, { wire: plainWire, heartbeatMs: false })
    await runtime.advance(41_000)
    expect(textOf(whole)).toBe('late')
    expect(whole.closed).toBe(true)
    expect(broken).toMatchObject({ destroyed: true, closed: false })
    expect(failed).toEqual(['delivery'])
  },
)

test('contract 2, 13: an encoder that throws ends its own reading of a connection that outlives its readings, and no other', async () => {
  const failed: string[] = []
  const outcomes: string[] = []
  const { sluice, runtime } = createRig({ observers: [{ failed: (_, { where }) => void failed.push(where) }] })
  const sink = createCollectingSink()
  const connection = sluice.connect(sink, { beat: { heartbeat: () => '' }, closeWhenEmpty: false })
  for (const wire of [plainWire, wireWhose('encode'), wireWhose('open'), plainWire]) {
    const { source } = createScriptedSource([{ yield: 'early ' }, { wait: 10_000 }, { yield: 'late ' }], { runtime })
    const stream = await sluice.start(source, SERVER)
    stream.deliver(sink, { wire, connection, onOver: (outcome) => outcomes.push(outcome) })
  }
  await runtime.advance(20_000)
  expect(textOf(sink).split(' ').toSorted()).toEqual(['', 'early', 'early', 'late', 'late'])
  expect(outcomes.toSorted()).toEqual(['end', 'end', 'failed', 'failed'])
  expect(failed).toEqual(['delivery', 'delivery'])
  expect([connection.state, sink.destroyed]).toEqual(['open', false])
  connection.close()
})

test('contract 2, 13: what throws at a heartbeat of a shared connection is reported, and cuts none of its readings', async () => {
  const failed: unknown[] = []
  const { sluice, runtime } = createRig({ observers: [{ failed: (stream, info) => void failed.push([stream, info]) }] })
  const sink = createCollectingSink()
  let beats = 0
  // The first throws, and what comes later does not: the connection is asked again, once an interval.
  const heartbeat = (): string => {
    if (++beats < 3) throw new Error(`beat ${beats}`)
    return ''
  }
  const connection = sluice.connect(sink, { beat: { heartbeat }, closeWhenEmpty: false }, { heartbeatMs: 10_000 })
  const outcomes: string[] = []
  for (const word of ['one', 'two']) {
    const { source } = createScriptedSource([{ wait: 60_000 }, { yield: word }], { runtime })
    const stream = await sluice.start(source, { ...SERVER, deadlines: { firstTokenMs: false, idleMs: false } })
    stream.deliver(sink, { wire: plainWire, connection, onOver: (outcome) => outcomes.push(outcome) })
  }
  await runtime.advance(59_000)
  expect(beats).toBeGreaterThanOrEqual(5)
  await runtime.advance(10_000)
  expect([connection.state, sink.destroyed, outcomes]).toEqual(['open', false, ['end', 'end']])
  expect(textOf(sink)).toBe('onetwo')
  expect(failed).toEqual([1, 2].map((beat) => [undefined, { where: 'delivery', error: new Error(`beat ${beat}`) }]))
  connection.close()
})

test.each(['lost', 'close', 'stall'] as const)(
  'contract 2, 13: where one reading’s `onOver` throws, all readings of the connection are over: %s',
  async (how) => {
    const failed: string[] = []
    const { sluice, runtime } = createRig({ observers: [{ failed: (_, { where }) => void failed.push(where) }] })
    const sink = how === 'stall' ? createStallingSink({ acceptBytes: 1 }) : createCollectingSink()
    const connection = sluice.connect(
      sink,
      { beat: { heartbeat: () => '' }, closeWhenEmpty: false },
      { stallMs: 5_000 },
    )
    const outcomes: string[] = []
    for (const index of [0, 1, 2]) {
      const { source } = createScriptedSource([{ yield: 'word' }, { hang: true }], { runtime })
      const stream = await sluice.start(source, { ...SERVER, onDisconnect: 'continue' })
      const onOver = (outcome: string): void => {
        outcomes.push(outcome)
        if (index === 0) throw new Error('own fault')
      }
      stream.deliver(sink, { wire: plainWire, connection, onOver })
    }
    if (how === 'lost') connection.lost()
    if (how === 'close') connection.close()
    await runtime.advance(20_000)
    expect(outcomes).toHaveLength(3)
    expect(failed).toEqual(['delivery'])
    expect(sluice.stats()).toMatchObject({ delivering: 0 })
  },
)
