import { createMemoryStore } from '@sluice/core'
import type { DeliverOptions, Wire } from '@sluice/core/extend'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  chunksOf,
  createCollectingSink,
  createRig,
  createScriptedSource,
  createStallingSink,
  createVirtualRuntime,
  plainWire,
  textOf,
} from '../rig/core-rig.ts'
import { page, startTalking } from '../rig/talking.ts'
import { logOf } from '../rig/world.ts'

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
    const stream = await sluice.start(createScriptedSource(steps, { runtime }).source, { as: 'server' })
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

  test('contract 11: whoever is sent away after what has no cursor is told the last place that the store has', async () => {
    const runtime = createVirtualRuntime()
    const store = createMemoryStore({ runtime })
    const { sluice } = createRig({ runtime, store })
    const steps = [{ yield: 'Hello' }, { wait: 1_000 }, { yield: ' world' }, { hang: true }] as const
    const { id } = await sluice.start(createScriptedSource(steps, { runtime }).source, { as: { owner: 'ann' } })
    const as = { owner: 'ann', expiresAtMs: Date.now() + 5_000 }
    const stream = await sluice.attach({ id }, { as })
    const sink = createCollectingSink()
    stream.deliver(sink, page())
    await runtime.flush()
    const log = logOf(store, id)
    log.produce(log.epoch, 'stored', { appended: () => {} })
    log.storedUpTo(log.lastSeq)
    const stored = stream.cursor
    log.runAhead()
    await runtime.advance(2_000)
    expect([textOf(sink), stream.cursor, stream.position]).toEqual(['Hello world', stored, stored])
    expect((await sluice.info({ id }, { as })).cursor).toBe(stored)
    await runtime.advance(5_000)
    expect(chunksOf(sink).at(-1)).toMatchObject({ code: 'unauthorized', cursor: stored })
    await sluice.cancel({ id }, { as: 'server' })
  })
})
