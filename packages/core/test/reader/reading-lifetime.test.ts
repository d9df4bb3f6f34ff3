import {
  createMemoryStore,
  type DataEvent,
  type EndEvent,
  type Principal,
  type Sluice,
  type SluiceOptions,
  type TokenStream,
} from '@sluice/core'
import type { DeliverOptions, Wire } from '@sluice/core/extend'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  chunksOf,
  type CollectingSink,
  createCollectingSink,
  createRig,
  createScriptedSource,
  createStallingSink,
  createVirtualRuntime,
  plainWire,
  sluiceErrorOf,
  textOf,
  type VirtualRuntime,
} from '../rig/core-rig.ts'
import { logOf } from '../rig/world.ts'

const SERVER = { as: 'server' } as const
const NO_DEADLINES = { firstTokenMs: false, idleMs: false, totalMs: false } as const

/** A stream that says `Hello` and then nothing. */
async function startTalking(options: SluiceOptions = {}): Promise<{
  runtime: VirtualRuntime
  sluice: Sluice
  stream: TokenStream
  detached: { outcome: string; readers: number }[]
  ended: () => EndEvent | undefined
}> {
  const detached: { outcome: string; readers: number }[] = []
  let end: EndEvent | undefined
  const observer = {
    detached: (_: unknown, info: { outcome: string; readers: number }) => void detached.push(info),
    ended: (_: unknown, info: { end: EndEvent }) => void (end = info.end),
  }
  const rig = createRig({ observers: [observer], ...options })
  const { source } = createScriptedSource([{ yield: 'Hello' }, { hang: true }], { runtime: rig.runtime })
  const stream = await rig.sluice.start(source, { ...SERVER, deadlines: NO_DEADLINES })
  return { ...rig, stream, detached, ended: () => end }
}

const page = (options: Partial<DeliverOptions> = {}): DeliverOptions => ({
  wire: plainWire,
  rotates: true,
  heartbeatMs: false,
  ...options,
})

/** {@link plainWire}, with first words. */
const wireThatSays = (first: string): Wire => ({
  ...plainWire,
  create: (facts, options) => ({ ...plainWire.create(facts, options), open: () => first }),
})

describe('rotation', () => {
  beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(0.5))
  afterEach(() => void vi.restoreAllMocks())

  test('contract 2: a reader that comes back by itself is sent to, with its cursor, and its answer closed', async () => {
    const { runtime, stream, detached } = await startTalking()
    const sink = createCollectingSink()
    stream.deliver(sink, page())
    await runtime.advance(49_999)
    expect(sink.closed).toBe(false)
    await runtime.advance(1)
    expect(chunksOf(sink).at(-1)).toEqual({ kind: 'closed', entries: [], code: 'rotate', cursor: stream.cursor })
    expect([sink.closed, sink.destroyed, detached]).toEqual([true, false, [{ outcome: 'rotate', readers: 0 }]])
  })

  test('contract 2: what a policy keeps back does not pass for a peer that is gone: it leaves before its reader does', async () => {
    const { runtime, stream } = await startTalking()
    const sink = createCollectingSink()
    const never = { name: 'never, for long', maxDelayMs: 60_000, take: () => 0 }
    stream.deliver(sink, page({ chunking: never }))
    await runtime.advance(50_000)
    expect([textOf(sink), chunksOf(sink).at(-1)?.kind]).toEqual(['Hello', 'closed'])
    expect([sink.closed, sink.destroyed]).toEqual([true, false])
  })

  test.each([
    [0, 45_000],
    [0.75, 52_500],
  ])('comes ± 10 % early or late: with %d after %d ms', async (random, dueMs) => {
    vi.mocked(Math.random).mockReturnValue(random)
    const { runtime, stream } = await startTalking()
    const sink = createCollectingSink()
    stream.deliver(sink, page())
    await runtime.advance(dueMs - 1)
    expect(sink.closed).toBe(false)
    await runtime.advance(1)
    expect(sink.closed).toBe(true)
  })

  test.each<[string, Partial<DeliverOptions>]>([
    ['does not come back by itself', { rotates: false }],
    ['speaks a wire without cursors', { wire: { ...plainWire, resumable: false } }],
    ['is not to be', { rotateAfterMs: false }],
  ])('leaves alone a reader that %s', async (_, options) => {
    const { runtime, stream } = await startTalking()
    const sink = createCollectingSink()
    stream.deliver(sink, page(options))
    await runtime.advance(3_600_000)
    expect(sink.closed).toBe(false)
    stream.detach()
  })

  test('leaves alone what shares its connection with others', async () => {
    const { runtime, sluice, stream } = await startTalking()
    const sink = createCollectingSink()
    const beat = { heartbeat: () => '' }
    const connection = sluice.connect(sink, { beat, closeWhenEmpty: false }, { heartbeatMs: false })
    stream.deliver(sink, page({ connection }))
    await runtime.advance(3_600_000)
    expect(textOf(sink)).toBe('Hello')
    connection.lost()
  })

  test.each([
    ['has taken no event', 'opened'],
    ['has taken some, and then no more', ''],
  ])(
    'contract 4, 7, 14: a peer that %s and makes us wait for ever is cut at the close grace after its rotation',
    async (_, first) => {
      const { runtime, sluice, stream, ended } = await startTalking()
      const sink = createStallingSink({ acceptBytes: 4 })
      stream.deliver(sink, page({ stallMs: false, wire: wireThatSays(first) }))
      await runtime.advance(54_999)
      expect(sink.destroyed).toBe(false)
      await runtime.advance(1)
      expect([sink.destroyed, sink.writesWhileWaiting]).toEqual([true, 0])
      expect(sluice.stats().delivering).toBe(0)
      await runtime.advance(20_000)
      expect(ended()).toMatchObject({ reason: 'cancelled', cause: 'disconnect' })
      await runtime.advance(5_000)
      expect(sluice.stats().pending).toBe(0)
    },
  )

  test('contract 14: a peer that takes everything and never finishes is cut then too', async () => {
    const { runtime, stream } = await startTalking()
    const sink = createCollectingSink()
    stream.deliver(sink, page())
    await runtime.advance(54_999)
    expect([sink.closed, sink.destroyed]).toEqual([true, false])
    await runtime.advance(1)
    expect(sink.destroyed).toBe(true)
  })

  test('waits for a reader that has got nothing of what there is, and lets it go with the first of it', async () => {
    const { runtime, stream } = await startTalking()
    const sink = createStallingSink({ acceptBytes: 4 })
    stream.deliver(sink, page({ wire: wireThatSays('opened'), rotateAfterMs: 1_000 }))
    await runtime.advance(3_000)
    expect([sink.writes, sink.closed]).toEqual([['opened'], false])
    sink.release(1_000)
    await runtime.advance(100)
    const [opened, ...rest] = sink.writes.map(String)
    expect([opened, textOf({ writes: rest }), sink.closed]).toEqual(['opened', 'Hello', true])
    expect(chunksOf({ writes: rest }).at(-1)).toMatchObject({ code: 'rotate', cursor: stream.cursor })
  })

  test('contract 1: sends nobody away who was shown what has no cursor yet: it would come again', async () => {
    const runtime = createVirtualRuntime()
    const store = createMemoryStore({ runtime })
    const { sluice } = createRig({ runtime, store })
    const steps = [{ yield: 'Hello' }, { wait: 10_000 }, { yield: ' world' }, { hang: true }] as const
    const stream = await sluice.start(createScriptedSource(steps, { runtime }).source, SERVER)
    const sink = createCollectingSink()
    stream.deliver(sink, page({ rotateAfterMs: 20_000 }))
    await runtime.flush()
    const log = logOf(store, stream.id)
    log.produce(log.epoch, 'stored', { appended: () => {} })
    log.runAhead()
    await runtime.advance(30_000)
    expect([textOf(sink), sink.closed]).toEqual(['Hello world', false])
    log.storedUpTo(log.lastSeq)
    await runtime.advance(100)
    expect(chunksOf(sink).at(-1)).toMatchObject({ code: 'rotate', cursor: stream.cursor })
    await stream.cancel()
  })

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

describe('a principal that expires', () => {
  const NOW_MS = 1_790_000_000_000
  beforeEach(() => void vi.spyOn(Date, 'now').mockReturnValue(NOW_MS))
  afterEach(() => void vi.restoreAllMocks())
  const ada = (inMs: number): Principal => ({ owner: 'ada', expiresAtMs: NOW_MS + inMs })

  async function startFor(as: Principal): Promise<{ runtime: VirtualRuntime; sluice: Sluice; stream: TokenStream }> {
    const rig = createRig()
    const { source } = createScriptedSource([{ yield: 'Hello' }, { hang: true }], { runtime: rig.runtime })
    return { ...rig, stream: await rig.sluice.start(source, { as, deadlines: NO_DEADLINES }) }
  }

  test('S5: is told `closed: unauthorized` then, and reads no more, while others go on', async () => {
    const { runtime, sluice, stream } = await startFor(ada(1_500))
    const other = await sluice.attach({ id: stream.id }, { as: { owner: 'ada' } })
    const [sink, whole] = [createCollectingSink(), createCollectingSink()]
    stream.deliver(sink, { wire: plainWire })
    other.deliver(whole, { wire: plainWire, heartbeatMs: false })
    await runtime.advance(1_499)
    expect(sink.closed).toBe(false)
    await runtime.advance(1)
    expect(chunksOf(sink).at(-1)).toMatchObject({ kind: 'closed', code: 'unauthorized', cursor: stream.cursor })
    expect([sink.closed, whole.closed]).toEqual([true, false])
    other.detach()
  })

  test('S5, contract 7: while it makes us wait is cut at the close grace, and nothing is written past it', async () => {
    const { runtime, stream } = await startFor(ada(1_500))
    const sink = createStallingSink({ acceptBytes: 1 })
    stream.deliver(sink, { wire: plainWire })
    await runtime.advance(6_499)
    expect(sink.destroyed).toBe(false)
    await runtime.advance(1)
    expect([sink.destroyed, sink.writesWhileWaiting]).toEqual([true, 0])
  })

  test('S5: may do nothing from then on', async () => {
    const { sluice, stream } = await startFor(ada(1))
    const late = ada(0)
    for (const act of [
      () => sluice.start(() => [], { as: late }),
      () => sluice.attach({ id: stream.id }, { as: late }),
      () => sluice.cancel({ id: stream.id }, { as: late }),
      () => sluice.info({ id: stream.id }, { as: late }),
    ])
      expect(await sluiceErrorOf(act)).toMatchObject({ code: 'SLUICE_ERR_UNAUTHORIZED', status: 401 })
    stream.detach()
  })

  test.each([Number.NaN, Infinity, '1790000000000', null])('expires at no such time as %s', async (expiresAtMs) => {
    const { sluice } = createRig()
    const error = await sluiceErrorOf(() => sluice.start(() => [], { as: { owner: 'ada', expiresAtMs } as Principal }))
    expect([error.code, error.message]).toEqual(['SLUICE_ERR_OPTION', expect.stringContaining('"expiresAtMs"')])
  })
})
