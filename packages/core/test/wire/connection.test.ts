import type { Wire } from '@sluice/core/extend'
import { expect, test } from 'vitest'
import { createCollectingSink, createRig, createScriptedSource, plainWire, textOf } from '../rig/core-rig.ts'

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
