import {
  type ClosedCode,
  type EndEvent,
  isSluiceError,
  type SluiceOptions,
  type Source,
  type SourceContext,
  type StreamResult,
  type TokenStream,
} from '@sluice/core'
import { describe, expect, test } from 'vitest'
import { chunksOf, createCollectingSink, createScriptedSource, plainWire, type SourceStep } from '../rig/core-rig.ts'
import { createRemoteWorld, logIn, passing, type RemoteProcess } from '../rig/remote-world.ts'

const SERVER = { as: 'server' } as const
const CUT: EndEvent = { type: 'end', reason: 'cancelled', complete: false, cause: 'client' }

/** A stream that is produced here; what its process was told of it. */
async function begin(steps: readonly SourceStep[], options: SluiceOptions = {}) {
  const settled: StreamResult[] = []
  const ended: EndEvent[] = []
  const failed: unknown[] = []
  const processes = createRemoteWorld({
    settle: (result) => void settled.push(result),
    observers: [{ ended: (_, { end }) => void ended.push(end), failed: (_, { error }) => void failed.push(error) }],
    ...options,
  })
  const [here, there] = processes as [RemoteProcess, RemoteProcess]
  const scripted = createScriptedSource(steps, { runtime: here.runtime })
  let released = false
  const waitUntil = (done: Promise<void>): void => void done.then(() => (released = true))
  const stream = await passing(here, here.sluice.start(scripted.source, { ...SERVER, waitUntil }))
  return { here, there, scripted, stream, settled, ended, failed, released: () => released }
}

const settlesWithin = async ({ runtime }: RemoteProcess, promise: Promise<unknown>, ms: number): Promise<boolean> => {
  let settled = false
  promise.then(
    () => (settled = true),
    () => (settled = true),
  )
  await runtime.advance(ms)
  return settled
}
const readAll = async (stream: TokenStream): Promise<unknown[]> => {
  const events: unknown[] = []
  try {
    for await (const event of stream) events.push(event)
  } catch (error) {
    events.push(isSluiceError(error) ? error.code : error)
  }
  return events
}

describe.each(['storage', 'epoch'] as const)(
  'contract 5, a stream that its store has lost (%s)',
  (code: ClosedCode) => {
    const steps: SourceStep[] = [{ yield: 'a' }, { wait: 1000 }, { yield: 'b' }, { hang: true }]

    test('has its source aborted, at once and once, and frees its place', async () => {
      const { here, scripted, stream, released } = await begin(steps)
      const log = logIn(here, stream.id)
      await here.runtime.advance(100)
      log.lose(code)
      await here.runtime.flush()
      expect([scripted.aborted, scripted.settled, released()]).toEqual([true, true, true])
      expect(scripted.context!.signal.reason).toMatchObject({ code: 'SLUICE_ERR_INTERRUPTED' })
      expect(here.sluice.stats()).toMatchObject({ producing: 0, delivering: 0, pending: 0 })
      await here.runtime.advance(100_000)
      expect(here.sluice.stats().pending).toBe(0)
      expect(here.store.closes).toEqual([])
    })

    test('is neither settled nor said to have ended here: who has it now does that', async () => {
      const { here, stream, settled, ended } = await begin(steps)
      await here.runtime.advance(100)
      logIn(here, stream.id).lose(code)
      await here.runtime.advance(100_000)
      expect([settled, ended, here.store.settledIds, stream.end]).toEqual([[], [], [], undefined])
    })

    test('is told of to those who observe: once, and why', async () => {
      const lost: unknown[] = []
      const { here, stream } = await begin(steps, {
        observers: [{ lost: ({ id }, info) => void lost.push([id, info]) }],
      })
      await here.runtime.advance(100)
      logIn(here, stream.id).lose(code)
      await here.runtime.advance(100_000)
      expect(lost).toEqual([[stream.id, { code }]])
    })

    test('writes nothing more, whatever its source still says', async () => {
      const { here, scripted, stream } = await begin([
        { yield: 'a' },
        { ignoreAbort: true },
        { wait: 1000 },
        { yield: 'b' },
      ])
      await here.runtime.advance(100)
      logIn(here, stream.id).lose(code)
      await here.runtime.advance(100_000)
      expect([scripted.settled, logIn(here, stream.id).lastSeq]).toEqual([true, 1])
      const { state } = here.store.server.streams.get(stream.id)!
      expect(state).toMatchObject({ seq: 1, end: undefined })
    })

    test('a signal that is first looked at afterwards has been aborted, and the inbox is closed', async () => {
      const [here] = createRemoteWorld({}, 1) as [RemoteProcess]
      let context: SourceContext | undefined
      const source: Source = (given) => {
        context = given
        return createScriptedSource([{ hang: true }]).source({ ...given, signal: new AbortController().signal })
      }
      const stream = await passing(here, here.sluice.start(source, SERVER))
      logIn(here, stream.id).lose(code)
      const { signal, inbox } = context!
      expect(signal.aborted).toBe(true)
      expect(signal.reason).toMatchObject({ code: 'SLUICE_ERR_INTERRUPTED' })
      expect(await inbox[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined })
    })

    test('contract 2: tells its readers so, over any transport', async () => {
      const { here, stream } = await begin(steps)
      const events = readAll(stream)
      const other = await passing(here, here.sluice.attach({ id: stream.id }, SERVER))
      const sink = createCollectingSink()
      other.deliver(sink, { wire: plainWire })
      await here.runtime.advance(100)
      logIn(here, stream.id).lose(code)
      expect(await passing(here, events)).toEqual([{ type: 'text', text: 'a' }, 'SLUICE_ERR_READING_CLOSED'])
      expect(chunksOf(sink).at(-1)).toMatchObject({ kind: 'closed', code })
      expect(sink.closed).toBe(true)
    })

    test('contract 4: leaves nobody waiting for its opening', async () => {
      const { here, stream } = await begin([{ hang: true }])
      const { opened } = stream
      await here.runtime.advance(100)
      logIn(here, stream.id).lose(code)
      expect(await settlesWithin(here, opened, 0)).toBe(true)
      expect(await settlesWithin(here, stream.opened, 0)).toBe(true)
    })

    test('contract 4: leaves nobody waiting for its end, whether asked before or after', async () => {
      const { here, stream } = await begin(steps)
      const { ended } = stream
      await here.runtime.advance(100)
      logIn(here, stream.id).lose(code)
      const again = await passing(here, here.sluice.attach({ id: stream.id }, SERVER))
      expect(await settlesWithin(here, ended, 20_000)).toBe(true)
      expect(await settlesWithin(here, again.ended, 20_000)).toBe(true)
    })
  },
)

describe('contract 5, a stream that was closed elsewhere', () => {
  test('has its source aborted; what it said in between is nowhere, and the one end is settled once', async () => {
    const { here, there, scripted, stream, settled, ended } = await begin([
      { yield: 'a' },
      { wait: 100 },
      { yield: 'b' },
      { hang: true },
    ])
    const events = readAll(stream)
    await here.runtime.advance(50)
    here.store.link.delayMs = 200
    await there.runtime.advance(60)
    // "b" is on its way when the end is written.
    expect(logIn(here, stream.id)).toMatchObject({ lastSeq: 2, committed: 1 })
    await passing(there, there.store.close({ tenant: '', id: stream.id }, CUT))
    await here.runtime.advance(1000)
    expect([scripted.aborted, scripted.settled]).toEqual([true, true])
    expect(scripted.context!.signal.reason).toMatchObject({ code: 'SLUICE_ERR_CANCELLED' })
    expect(stream.end).toEqual(CUT)
    expect([ended, settled.map(({ text, end }) => [text, end])]).toEqual([[CUT], [['a', CUT]]])
    expect(here.store.settledIds).toEqual([stream.id])
    expect(await events).toEqual([{ type: 'text', text: 'a' }, CUT])
    expect(here.sluice.stats()).toMatchObject({ producing: 0, pending: 0 })
  })

  test('contract 2: a reader that was shown what was not stored (`write-behind`) never takes that for the whole', async () => {
    const { here, there, stream } = await begin([{ wait: 100 }, { yield: 'a' }, { hang: true }], {
      stream: { durability: 'write-behind' },
    })
    const events = readAll(stream)
    here.store.link.moving = false
    const log = logIn(here, stream.id)
    await here.runtime.advance(100)
    expect([log.committed, log.stored]).toEqual([1, 0])
    await passing(there, there.store.close({ tenant: '', id: stream.id }, CUT))
    here.store.link.release()
    await here.runtime.advance(1000)
    expect(stream.end).toEqual(CUT)
    expect(await events).toEqual([{ type: 'text', text: 'a' }, 'SLUICE_ERR_READING_CLOSED'])
  })

  test('contract 3: its own end, if that comes later, is refused, and the other is what everyone sees', async () => {
    const { here, there, stream, settled, ended } = await begin([{ yield: 'a' }, { wait: 100 }])
    const events = readAll(stream)
    await here.runtime.advance(50)
    here.store.link.moving = false
    await here.runtime.advance(100)
    expect(logIn(here, stream.id)).toMatchObject({ ending: true, end: undefined })
    await passing(there, there.store.close({ tenant: '', id: stream.id }, CUT))
    here.store.link.release()
    await here.runtime.advance(1000)
    expect([stream.end, ended, settled.map(({ end }) => end)]).toEqual([CUT, [CUT], [CUT]])
    expect(await events).toEqual([{ type: 'text', text: 'a' }, CUT])
  })
})

describe('contract 5, a reply that was lost', () => {
  test('makes nothing twice: the same events again are recognised', async () => {
    const { here, scripted, stream, settled } = await begin([
      { yield: 'a' },
      { wait: 100 },
      { yield: 'b' },
      { wait: 100 },
    ])
    const events = readAll(stream)
    here.store.link.losesAnswers = true
    await here.runtime.advance(300)
    expect([logIn(here, stream.id).lastSeq, logIn(here, stream.id).end]).toEqual([3, undefined])
    here.store.link.losesAnswers = false
    await here.runtime.advance(3000)
    expect(here.store.server.streams.get(stream.id)!.events.map(({ event }) => event)).toMatchObject([
      'a',
      'b',
      { type: 'end', complete: true },
    ])
    expect(await events).toMatchObject([{ text: 'a' }, { text: 'b' }, { type: 'end', complete: true }])
    expect([scripted.settled, settled.length]).toEqual([true, 1])
  })
})
