import { createMemoryStore, createSluice, type Observer, type SourceItem } from '@sluice/core'
import { describe, expect, test } from 'vitest'
import { MAX_INBOX_MESSAGES } from '../../src/source/inbox.ts'
import {
  createCollectingSink,
  createRig,
  createScriptedSource,
  createVirtualRuntime,
  plainWire,
} from '../rig/core-rig.ts'

const SERVER = { as: 'server' } as const
const MIB = 1024 * 1024

describe('contract 8: a source that does not come to rest', () => {
  test.each(['cancel', { graceMs: 0 }, { graceMs: 1000 }] as const)(
    'is counted as leaked after 5 s when its last reader left under %j, and keeps its place',
    async (onDisconnect) => {
      const leaked: string[] = []
      const observer: Observer = { sourceLeaked: ({ id }) => void leaked.push(id) }
      const { sluice, runtime } = createRig({ observers: [observer] })
      const scripted = createScriptedSource([{ ignoreAbort: true }, { yield: 'a' }, { hang: true }])
      const stream = await sluice.start(scripted.source, { ...SERVER, onDisconnect })
      const connection = stream.deliver(createCollectingSink(), { wire: plainWire })
      await runtime.flush()
      connection.lost()
      await runtime.advance(1000)
      expect(stream.end).toMatchObject({ reason: 'cancelled', cause: 'disconnect' })
      await runtime.advance(5_001)
      expect(leaked).toEqual([stream.id])
      expect(sluice.stats().producing).toBe(1)
    },
  )

  test('is counted as leaked after 5 s when it was cancelled by name', async () => {
    const leaked: string[] = []
    const { sluice, runtime } = createRig({ observers: [{ sourceLeaked: ({ id }) => void leaked.push(id) }] })
    const scripted = createScriptedSource([{ ignoreAbort: true }, { hang: true }])
    const stream = await sluice.start(scripted.source, SERVER)
    await runtime.flush()
    await stream.cancel()
    await runtime.advance(4_999)
    expect(leaked).toEqual([])
    await runtime.advance(2)
    expect(leaked).toEqual([stream.id])
  })
})

describe('contract 4: deadlines', () => {
  const empties: SourceItem[] = ['', new Uint8Array(0), [], { type: 'text', text: '' }]

  test.each(empties.map((item) => [item]))('firstTokenMs is not put off by %j, which is no event', async (item) => {
    const { sluice, runtime } = createRig({ stream: { onDisconnect: 'continue' } })
    const steps = Array.from({ length: 20 }, () => [{ wait: 50_000 }, { yield: item }]).flat()
    const stream = await sluice.start(createScriptedSource(steps, { runtime }).source, SERVER)
    await runtime.advance(121_000)
    expect(stream.end).toMatchObject({ reason: 'error', cause: 'deadline', error: { code: 'SLUICE_ERR_TIMEOUT' } })
  })

  test('idleMs is put off by events and by touch()', async () => {
    const { sluice, runtime } = createRig({ stream: { onDisconnect: 'continue' } })
    const stream = await sluice.start(async function* ({ touch }) {
      for (let index = 0; index < 4; index++) {
        await new Promise<void>((resolve) => runtime.after(50_000, resolve))
        if (index % 2 === 0) yield 'x'
        else touch()
      }
    }, SERVER)
    await runtime.advance(200_000)
    expect(stream.end).toMatchObject({ complete: true })
  })

  test('idleMs does not run while the window keeps the source from being pulled', async () => {
    const { sluice, runtime } = createRig({
      stream: { windowBytes: 64, deadlines: { idleMs: 100, firstTokenMs: 100 } },
    })
    const source = (): string[] => Array.from({ length: 100 }, () => 'some text')
    const stream = await sluice.start(source, SERVER)
    stream.hold()
    await runtime.advance(10_000)
    expect(stream.end).toBeUndefined()
    const text = stream.text()
    await runtime.advance(0)
    expect((await text).length).toBe(900)
  })
})

describe('contract 6: every queue is bounded in items and in bytes', () => {
  test('the inbox refuses messages over its count', async () => {
    const { sluice, runtime } = createRig()
    const stream = await sluice.start(createScriptedSource([{ hang: true }]).source, SERVER)
    await runtime.flush()
    for (let index = 0; index < MAX_INBOX_MESSAGES; index++) await sluice.send({ id: stream.id }, index, SERVER)
    await expect(sluice.send({ id: stream.id }, 'more', SERVER)).rejects.toMatchObject({
      code: 'SLUICE_ERR_OVERLOADED',
      status: 503,
    })
  })

  test('the inbox refuses messages over a number of bytes', async () => {
    const { sluice, runtime } = createRig()
    const stream = await sluice.start(createScriptedSource([{ hang: true }]).source, SERVER)
    await runtime.flush()
    const refused: unknown[] = []
    for (let index = 0; index < 16; index++) {
      await sluice.send({ id: stream.id }, 'x'.repeat(MIB), SERVER).catch((error: unknown) => refused.push(error))
    }
    expect(refused.length).toBeGreaterThan(0)
  })

  test('an event is refused for its size whatever part of it is large', async () => {
    const items: SourceItem[] = [
      { type: 'text', text: 'x', extra: 'e'.repeat(MIB) },
      { type: 'reasoning', text: 'x', extra: 'e'.repeat(MIB) },
      { type: 'tool', phase: 'args', id: 'i'.repeat(MIB), text: '{' },
      { type: 'data', name: 'progress', data: 'e'.repeat(MIB) },
    ]
    for (const item of items) {
      const { sluice, runtime } = createRig()
      const stream = await sluice.start(() => [item], { ...SERVER, onDisconnect: 'continue' })
      await runtime.flush()
      expect(stream.end).toMatchObject({ reason: 'error', error: { code: 'SLUICE_ERR_SOURCE_ITEM' } })
      expect(sluice.stats().store.bytes).toBeLessThan(MIB)
    }
  })
})

describe('contract 3: what was logged does not change', () => {
  test('when the source goes on using the object it yielded', async () => {
    const { sluice, runtime } = createRig()
    const stream = await sluice.start(async function* () {
      const data = { step: 0 }
      while (data.step < 3) {
        data.step++
        yield { type: 'data', name: 'progress', data }
      }
    }, SERVER)
    const result = stream.result()
    await runtime.flush()
    expect((await result).events.map((event) => event.type === 'data' && event.data)).toEqual([
      { step: 1 },
      { step: 2 },
      { step: 3 },
    ])
  })
})

describe('what a transform makes', () => {
  const cases = [
    ['contract 10: is split like what a source gives', 'x'.repeat(100_000), 'x'.repeat(100_000)],
    ['contract 1: is made valid like what a source gives', 'a\ud83d', 'a\ufffd'],
  ] as const
  test.each(cases)('%s', async (_, text, expected) => {
    const { sluice, runtime } = createRig({
      transforms: [() => ({ transform: () => [{ type: 'text', text }] })],
      reader: { maxChunkBytes: 16_384 },
    })
    const stream = await sluice.start(() => ['go'], { ...SERVER, onDisconnect: 'continue' })
    const sink = createCollectingSink()
    stream.deliver(sink, { wire: plainWire })
    const read = (await sluice.attach({ id: stream.id }, SERVER)).text()
    await runtime.flush()
    expect(stream.end).toMatchObject({ complete: true })
    expect(await read).toBe(expected)
    for (const write of sink.writes) expect(write.length).toBeLessThan(20_000)
    expect(sink.text()).not.toContain('\\ud83d')
  })

  test('contract 3: cannot be an end', async () => {
    const end = { type: 'end', reason: 'stop', complete: true } as never
    const { sluice, runtime } = createRig({ transforms: [() => ({ transform: (event) => [event, end] })] })
    const stream = await sluice.start(() => ['a', 'b'], { ...SERVER, onDisconnect: 'continue' })
    await runtime.flush()
    expect(stream.end).toMatchObject({ complete: false, reason: 'error' })
  })
})

describe('contract 14: cleanup', () => {
  test('nobody watches a log that has ended, however often its end was waited for', async () => {
    const runtime = createVirtualRuntime()
    const store = createMemoryStore({ runtime })
    const sluice = createSluice({ runtime, store })
    const stream = await sluice.start(createScriptedSource([{ wait: 10 }], { runtime }).source, SERVER)
    const ends = Array.from({ length: 10 }, () => stream.ended)
    await runtime.advance(10)
    expect(new Set(await Promise.all(ends)).size).toBe(1)
    const found = await store.find({ tenant: '', id: stream.id })
    expect(found.is === 'stream' && found.stream.log.watchers.size).toBe(0)
  })

  test('contract 8: settle is given the whole answer although the source rests later than the log is kept', async () => {
    const texts: string[] = []
    const { sluice, runtime } = createRig({
      stream: { retentionMs: 1000 },
      settle: ({ text }) => void texts.push(text),
    })
    const steps = [{ ignoreAbort: true }, { yield: 'an answer' }, { wait: 3000 }] as const
    const stream = await sluice.start(createScriptedSource(steps, { runtime }).source, SERVER)
    stream.hold()
    await runtime.flush()
    await stream.cancel()
    await runtime.advance(4000)
    expect(texts).toEqual(['an answer'])
  })
})
