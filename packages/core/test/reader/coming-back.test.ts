import type { DataEvent } from '@sluice/core'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  chunksOf,
  type CollectingSink,
  createCollectingSink,
  createRig,
  createScriptedSource,
  sluiceErrorOf,
} from '../rig/core-rig.ts'
import { NO_DEADLINES, page, startTalking } from '../rig/talking.ts'

const SERVER = { as: 'server' } as const

describe('rotation', () => {
  beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(0.5))
  afterEach(() => void vi.restoreAllMocks())

  test.each(['cancel', { graceMs: 0 }] as const)(
    'contract 9: under %j a reader on its way back has not left; one that does not come has, 5 s later',
    async (onDisconnect) => {
      const { runtime, sluice, stream, ended } = await startTalking({ stream: { onDisconnect } })
      stream.deliver(createCollectingSink(), page())
      await runtime.advance(50_000)
      await runtime.advance(4_999)
      const back = await sluice.attach({ id: stream.id }, SERVER)
      back.deliver(createCollectingSink(), page())
      await runtime.advance(10_000)
      expect(ended()).toBeUndefined()
      await runtime.advance(40_000)
      expect(ended()).toBeUndefined()
      await runtime.advance(4_998)
      expect(ended()).toBeUndefined()
      await runtime.advance(2)
      expect(ended()).toMatchObject({ reason: 'cancelled', cause: 'disconnect' })
    },
  )

  test('contract 6: goes on with the credit of a reader that comes back under its name, and with what came meanwhile', async () => {
    const { runtime, sluice } = createRig()
    const items = ['a', 'b', 'c', 'd', 'e'].map((text) => ({ yield: { type: 'data', name: text, data: 1 } as const }))
    const { source } = createScriptedSource([...items, { hang: true }], { runtime })
    const stream = await sluice.start(source, { ...SERVER, deadlines: NO_DEADLINES })
    const seen = (sink: CollectingSink): string[] =>
      chunksOf(sink).flatMap(({ entries }) => entries.map(({ event }) => (event as DataEvent).name))
    const first = createCollectingSink()
    stream.deliver(first, page({ name: 'phone', credit: 2 }))
    await runtime.advance(50_000)
    expect([seen(first), first.closed]).toEqual([['a', 'b'], true])
    const cursor = stream.position
    expect(await sluice.ack({ cursor }, { ...SERVER, reader: 'phone', credit: 1 })).toEqual({ readers: 1 })
    const back = await sluice.attach({ cursor }, SERVER)
    const second = createCollectingSink()
    back.deliver(second, page({ name: 'phone' }))
    await runtime.advance(10_000)
    expect(seen(second)).toEqual(['c'])
    back.detach()
  })

  test('keeps nobody from the place that is meant for whoever comes back', async () => {
    const { runtime, sluice, stream } = await startTalking({ limits: { readersPerStream: 1 } })
    stream.deliver(createCollectingSink(), page())
    await runtime.advance(50_000)
    const back = await sluice.attach({ cursor: stream.position }, SERVER)
    back.deliver(createCollectingSink(), page())
    const more = await sluiceErrorOf(() => sluice.attach({ id: stream.id }, SERVER))
    expect(more.code).toBe('SLUICE_ERR_OVERLOADED')
    back.detach()
  })
})
