import type { EndEvent, SluiceOptions, Source, SourceContext, SourceItem, StreamResult } from '@sluice/core'
import { describe, expect, test } from 'vitest'
import { createScriptedSource, type SourceStep } from '../rig/core-rig.ts'
import { createRemoteWorld, logIn, passing, type RemoteProcess } from '../rig/remote-world.ts'

const SERVER = { as: 'server' } as const
const LEASE_MS = 10_000
const WORDS = ['one ', 'two ', 'three ', 'four ']

const OFF = { firstTokenMs: false, idleMs: false, totalMs: false } as const

/** Says its words one after the other, a second each, beginning after those that were said; then what else it is to do. */
function speaker(calls: SourceContext[], then: readonly SourceStep[] = []): Source {
  return async function* (context) {
    calls.push(context)
    const said = WORDS.filter((word) => context.prefix.includes(word)).length
    for (const word of WORDS.slice(said)) {
      yield word
      await new Promise<void>((resolve, reject) => {
        context.signal.addEventListener('abort', () => reject(context.signal.reason as Error), { once: true })
        timers.after(1000, resolve)
      })
    }
    yield* createScriptedSource(then, { runtime: timers }).source(context) as AsyncIterable<SourceItem>
  }
}
let timers: RemoteProcess['runtime']

/** A stream whose producer has fallen silent after two words, and what each process settled. */
async function begin({ stream: rules, ...options }: SluiceOptions = {}, then: readonly SourceStep[] = []) {
  const calls: SourceContext[] = []
  const settled: StreamResult[] = []
  const ended: EndEvent[] = []
  const processes = createRemoteWorld(
    {
      sources: { speak: speaker(calls, then) },
      stream: { deadlines: OFF, ...rules },
      settle: (result) => void settled.push(result),
      observers: [{ ended: (_, { end }) => void ended.push(end) }],
      ...options,
    },
    3,
  )
  const [first, second, third] = processes as [RemoteProcess, RemoteProcess, RemoteProcess]
  timers = first.runtime
  const start = first.sluice.start({ name: 'speak', input: { voice: 'low' } }, { ...SERVER, key: 'k', meta: { n: 1 } })
  const stream = await passing(first, start)
  await first.runtime.advance(1500)
  first.store.link.moving = false
  return { first, second, third, stream, calls, settled, ended, name: { tenant: '', id: stream.id } }
}

describe('contract 5, a stream whose producer is gone', () => {
  test('is gone on with elsewhere, from where it stands: given what was said, and its input', async () => {
    const { second, stream, calls, name } = await begin()
    expect(await passing(second, second.store.adopt(name))).toBe(false)
    await second.runtime.advance(LEASE_MS)
    expect(await passing(second, second.store.adopt(name))).toBe(true)
    expect(calls.map(({ id, prefix, input, meta }) => ({ id, prefix, input, meta }))).toEqual([
      { id: stream.id, prefix: '', input: { voice: 'low' }, meta: { n: 1 } },
      { id: stream.id, prefix: 'one two ', input: { voice: 'low' }, meta: { n: 1 } },
    ])
    await second.runtime.advance(5000)
    expect(second.store.server.streams.get(stream.id)!.events).toMatchObject([
      { epoch: 1, event: 'one ' },
      { epoch: 1, event: 'two ' },
      { epoch: 2, event: 'three ' },
      { epoch: 2, event: 'four ' },
      { epoch: 2, event: { type: 'end', complete: true } },
    ])
  })

  test('contract 1: is one run to those who read it, before and after', async () => {
    const { second, third, stream, name } = await begin()
    const early = (await passing(third, third.sluice.attach({ id: stream.id }, SERVER))).result()
    await second.runtime.advance(LEASE_MS)
    await passing(second, second.store.adopt(name))
    const late = (await passing(third, third.sluice.attach({ id: stream.id }, SERVER))).result()
    const here = (await passing(second, second.sluice.attach({ id: stream.id }, SERVER))).result()
    await second.runtime.advance(5000)
    for (const result of [await early, await late, await here]) {
      expect([result.text, result.end.complete]).toEqual([WORDS.join(''), true])
    }
  })

  test('contract 3: is ended and settled once, where it is produced now, and its old producer is a zombie', async () => {
    const { first, second, stream, calls, settled, ended, name } = await begin()
    await first.runtime.advance(LEASE_MS)
    await passing(second, second.store.adopt(name))
    await second.runtime.advance(5000)
    first.store.link.release()
    await first.runtime.advance(20_000)
    expect(settled.map(({ text, end, key }) => [text, end.complete, key])).toEqual([[WORDS.join(''), true, 'k']])
    expect([first.store.settledIds, second.store.settledIds]).toEqual([[], [stream.id]])
    expect(ended.length).toBe(1)
    expect(calls[0]!.signal.aborted).toBe(true)
    expect(logIn(first, stream.id).lost).toBe('epoch')
    for (const { sluice } of [first, second]) expect(sluice.stats()).toMatchObject({ producing: 0, pending: 0 })
  })

  test('is not ended by a deadline of its old producer, which takes itself for the one that has it', async () => {
    const deadlines = { ...OFF, idleMs: 12_000 }
    const { first, second, stream, calls, name } = await begin({ stream: { deadlines } }, [{ hang: true }])
    await first.runtime.advance(LEASE_MS)
    await passing(second, second.store.adopt(name))
    await first.runtime.advance(6000)
    expect(first.store.closes).toEqual([{ cause: 'deadline', options: { unlessAttended: false, epoch: 1 } }])
    first.store.link.release()
    await first.runtime.advance(2000)
    expect([stream.end, second.store.server.streams.get(stream.id)!.state.end]).toEqual([undefined, undefined])
    expect(logIn(first, stream.id).lost).toBeDefined()
    expect(calls.map(({ signal }) => signal.aborted)).toEqual([true, false])
  })

  test('can be cancelled, and given messages, where it is produced now', async () => {
    const { first, second, third, calls, stream, name } = await begin()
    await first.runtime.advance(LEASE_MS)
    await passing(second, second.store.adopt(name))
    await passing(third, third.sluice.send({ id: stream.id }, 'louder', SERVER))
    const message = calls[1]!.inbox[Symbol.asyncIterator]().next()
    expect(await passing(second, message)).toEqual({ done: false, value: 'louder' })
    const { end } = await passing(third, third.sluice.cancel({ key: 'k' }, SERVER))
    await second.runtime.flush()
    expect(end).toMatchObject({ cause: 'client' })
    expect(calls[1]!.signal.aborted).toBe(true)
    expect(second.sluice.stats().producing).toBe(0)
  })

  test('is changed by the transforms of the process that goes on with it', async () => {
    const { second, settled, name } = await begin({
      transforms: [
        () => ({
          transform: (event) => [event.type === 'text' ? { ...event, text: event.text.replace('ee', 'EE') } : event],
        }),
      ],
    })
    await second.runtime.advance(LEASE_MS)
    await passing(second, second.store.adopt(name))
    await second.runtime.advance(6000)
    expect(settled.map(({ text }) => text)).toEqual(['one two thrEE four '])
  })

  test.each(['where it is produced now', 'in a third process'])(
    'contract 9: has the readers it had, %s, under the rules it was started with',
    async (where) => {
      const { second, third, stream, calls, name } = await begin({ stream: { onDisconnect: 'cancel' } }, [
        { hang: true },
      ])
      const process = where === 'in a third process' ? third : second
      await second.runtime.advance(LEASE_MS)
      const reader = await passing(process, process.sluice.attach({ id: stream.id }, SERVER))
      reader.hold()
      await second.runtime.advance(20)
      await passing(second, second.store.adopt(name))
      await second.runtime.advance(200_000)
      expect([reader.end, calls[1]!.signal.aborted]).toEqual([undefined, false])
      reader.detach()
      await second.runtime.advance(100)
      expect(second.store.server.streams.get(stream.id)!.state.end).toMatchObject({ cause: 'disconnect' })
    },
  )

  test('contract 9: is given up if nobody comes to it in time', async () => {
    const { second, stream, name } = await begin({}, [{ hang: true }])
    await second.runtime.advance(LEASE_MS)
    await passing(second, second.store.adopt(name))
    await second.runtime.advance(20_000)
    expect(second.store.server.streams.get(stream.id)!.state.end).toBeUndefined()
    await second.runtime.advance(20_000)
    expect(second.store.server.streams.get(stream.id)!.state.end).toMatchObject({ cause: 'disconnect' })
  })
})

describe('what a process offers to do for others', () => {
  test('is to run the sources it has, while it has room for more streams', async () => {
    const [process] = createRemoteWorld({ sources: { speak: speaker([]) }, limits: { streams: 1 } }, 1) as [
      RemoteProcess,
    ]
    timers = process.runtime
    const host = process.store.host!
    expect([host.canRun('speak'), host.canRun('sing'), host.canRun('toString')]).toEqual([true, false, false])
    const stream = await passing(process, process.sluice.start({ name: 'speak' }, SERVER))
    expect(host.canRun('speak')).toBe(false)
    await passing(process, stream.cancel())
    expect(host.canRun('speak')).toBe(true)
  })

  test('is to settle ends, if it settles any, and to say whether that is done', async () => {
    const texts: string[] = []
    let fails = false
    const settle = ({ text }: StreamResult): void => {
      if (fails) throw new Error('the database is away')
      texts.push(text)
    }
    const [process, idle] = [...createRemoteWorld({ settle }, 1), ...createRemoteWorld({}, 1)] as RemoteProcess[]
    const start = process!.sluice.start(() => ['done'], { ...SERVER, onDisconnect: 'continue' })
    const stream = await passing(process!, start, 100)
    texts.length = 0
    const found = await passing(process!, process!.store.find({ tenant: '', id: stream.id }))
    if (found.is !== 'stream') throw new Error(found.is)
    const host = process!.store.host!
    expect([host.settles, idle!.store.host!.settles]).toEqual([true, false])
    expect(await passing(process!, host.settle(found.stream))).toBe(true)
    expect(texts).toEqual(['done'])
    fails = true
    expect(await passing(process!, host.settle(found.stream), 3_600_000)).toBe(false)
    expect(texts).toEqual(['done'])
  })
})
