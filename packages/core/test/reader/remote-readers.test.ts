import type { EndEvent, OnDisconnect, StreamOptions, TokenStream } from '@sluice/core'
import { describe, expect, test } from 'vitest'
import { createScriptedSource, type ScriptedSource } from '../rig/core-rig.ts'
import { createRemoteWorld, logIn, passing, type RemoteProcess } from '../rig/remote-world.ts'

const SERVER = { as: 'server' } as const
const OFF = { firstTokenMs: false, idleMs: false, totalMs: false } as const
const DISCONNECTED = { reason: 'cancelled', complete: false, cause: 'disconnect' }
const WINDOW_BYTES = 1024
const TOKEN = 'x'.repeat(68)

interface Scene {
  here: RemoteProcess
  there: RemoteProcess
  stream: TokenStream
  scripted: ScriptedSource
  /** The end as the server has it. */
  stored: () => EndEvent | undefined
}

/** A stream that is produced here, and goes on for ever. */
async function begin(options: StreamOptions): Promise<Scene> {
  const [here, there] = createRemoteWorld({ stream: { deadlines: OFF, ...options } }) as [RemoteProcess, RemoteProcess]
  const scripted = createScriptedSource([{ yield: 'begun' }, { hang: true }], { runtime: here.runtime })
  const stream = await passing(here, here.sluice.start(scripted.source, SERVER))
  return { here, there, stream, scripted, stored: () => here.store.server.streams.get(stream.id)?.state.end }
}

/** Another reader, elsewhere. */
async function join(process: RemoteProcess, id: string): Promise<TokenStream> {
  const stream = await passing(process, process.sluice.attach({ id }, SERVER))
  stream.hold()
  await process.runtime.advance(20)
  return stream
}

const POLICIES: readonly (readonly [string, OnDisconnect, number])[] = [
  ['at once', 'cancel', 0],
  ['after a grace', { graceMs: 1000 }, 1000],
]

describe.each(POLICIES)('contract 9, a stream that is given up %s', (_, onDisconnect, graceMs) => {
  test('is not while its only readers are elsewhere, and is when the last of them has left', async () => {
    const { here, there, stream, scripted, stored } = await begin({ onDisconnect, unattachedMs: 500 })
    const readers = [await join(there, stream.id), await join(there, stream.id)]
    expect(logIn(here, stream.id)).toMatchObject({ attended: true, remoteReaders: 2 })
    await here.runtime.advance(100_000)
    readers[0]!.detach()
    await here.runtime.advance(100_000)
    expect([stored(), scripted.aborted, here.store.closes]).toEqual([undefined, false, []])
    readers[1]!.detach()
    await here.runtime.advance(graceMs + 20)
    expect(stored()).toMatchObject(DISCONNECTED)
    expect([stream.end, scripted.aborted, scripted.settled]).toEqual([stored(), true, true])
    expect(here.store.closes).toEqual([{ cause: 'disconnect', options: { unlessAttended: true, epoch: 1 } }])
  })

  test('is not when its reader moves from here to elsewhere, though the producer hears of that too late', async () => {
    const { here, there, stream, stored } = await begin({ onDisconnect })
    stream.hold()
    const moved = await passing(there, there.sluice.attach({ id: stream.id }, SERVER))
    // It reads there already, and the news of it is on its way when the stream is about to be given up here.
    here.store.link.delayMs = 300
    await here.runtime.advance(1)
    stream.detach()
    moved.hold()
    await here.runtime.advance(graceMs + 2000)
    expect([stored(), stream.end]).toEqual([undefined, undefined])
    expect(logIn(here, stream.id).remoteReaders).toBe(1)
    await here.runtime.advance(100_000)
    expect(stored()).toBeUndefined()
    moved.detach()
    await here.runtime.advance(graceMs + 2000)
    expect(stored()).toMatchObject(DISCONNECTED)
  })

  test('asks its store a few times at most, however long that takes to answer', async () => {
    const { here, stream, stored } = await begin({ onDisconnect })
    stream.hold()
    await here.runtime.advance(20)
    here.store.link.delayMs = 800
    stream.detach()
    await here.runtime.advance(graceMs + 700)
    expect([stored(), here.store.closes.length > 0, here.store.closes.length <= 2]).toEqual([undefined, true, true])
    await here.runtime.advance(5000)
    expect(stored()).toMatchObject(DISCONNECTED)
    expect(stream.end).toEqual(stored())
  })

  test('asks again, now and then, when its store has failed to answer', async () => {
    const { here, stream, scripted, stored } = await begin({ onDisconnect })
    stream.hold()
    await here.runtime.advance(20)
    here.store.link.cut = true
    stream.detach()
    await here.runtime.advance(graceMs + 10_000)
    expect([stored(), scripted.aborted]).toEqual([undefined, false])
    expect(here.store.closes.length).toBeGreaterThanOrEqual(3)
    expect(here.store.closes.length).toBeLessThanOrEqual(15)
    here.store.link.cut = false
    await here.runtime.advance(5000)
    expect(stored()).toMatchObject(DISCONNECTED)
    expect([stream.end, scripted.aborted]).toEqual([stored(), true])
  })
})

describe('contract 9, a stream that nobody has attached to yet', () => {
  test('has somebody once a reader comes elsewhere', async () => {
    const { here, there, stream, stored } = await begin({ unattachedMs: 1000, onDisconnect: { graceMs: 100 } })
    await here.runtime.advance(900)
    const reader = await join(there, stream.id)
    await here.runtime.advance(10_000)
    expect(stored()).toBeUndefined()
    reader.detach()
    await here.runtime.advance(200)
    expect(stored()).toMatchObject(DISCONNECTED)
  })
})

describe('contract 4, a deadline', () => {
  test('that is due asks the store a few times at most, however long that takes to answer', async () => {
    const { here, stream, stored } = await begin({ deadlines: { ...OFF, totalMs: 1000 }, onDisconnect: 'continue' })
    here.store.link.delayMs = 800
    await here.runtime.advance(1700)
    expect(stored()).toBeUndefined()
    expect(here.store.closes.length).toBeLessThanOrEqual(2)
    await here.runtime.advance(5000)
    expect(stored()).toMatchObject({ reason: 'error', cause: 'deadline' })
    expect(stream.end).toEqual(stored())
  })
})

describe('contract 7, a reader elsewhere', () => {
  test('holds the source back by not reading, and sets it going again by reading', async () => {
    const [here, there] = createRemoteWorld() as [RemoteProcess, RemoteProcess]
    const steps = Array.from({ length: 100 }, () => [{ yield: TOKEN }, { wait: 10 }]).flat()
    const scripted = createScriptedSource(steps, { runtime: here.runtime })
    const options = { ...SERVER, windowBytes: WINDOW_BYTES, retentionBytes: 64 * 1024, maxEventBytes: 1024 }
    const stream = await passing(here, here.sluice.start(scripted.source, options), 10)
    const reader = await join(there, stream.id)
    await here.runtime.advance(5000)
    const log = logIn(here, stream.id)
    expect(log.totalBytes).toBeLessThan(2 * WINDOW_BYTES)
    const held = scripted.yielded
    expect(held).toBeLessThan(20)
    const events = reader[Symbol.asyncIterator]()
    const first = await passing(there, events.next())
    expect(first.value).toMatchObject({ type: 'text' })
    await here.runtime.advance(5000)
    expect(scripted.yielded).toBeGreaterThan(held)
    expect(scripted.yielded).toBeLessThan(2 * held + 5)
    expect(log.end).toBeUndefined()
    const rest = (async () => {
      let text = ''
      for await (const event of { [Symbol.asyncIterator]: () => events }) if (event.type === 'text') text += event.text
      return text
    })()
    const text = await passing(there, rest, 20_000)
    const begun = first.value?.type === 'text' ? first.value.text : ''
    expect(`${begun}${text}`).toBe(TOKEN.repeat(100))
    expect([stream.end, reader.end]).toMatchObject([{ complete: true }, { complete: true }])
  })

  test('runs on without readers where that is the policy, and not past what its store has by much', async () => {
    const [here] = createRemoteWorld() as [RemoteProcess]
    const scripted = createScriptedSource(Array(2000).fill({ yield: TOKEN }), { runtime: here.runtime })
    const options = { windowBytes: WINDOW_BYTES, retentionBytes: 16 * 1024, maxEventBytes: 1024 }
    const start = here.sluice.start(scripted.source, { ...SERVER, ...options, onDisconnect: 'continue' })
    const stream = await passing(here, start, 2)
    here.store.link.moving = false
    await here.runtime.advance(10_000)
    const log = logIn(here, stream.id)
    expect(log.totalBytes - log.storedBytes).toBeLessThanOrEqual(8 * 1024 + 1024)
    expect(scripted.yielded).toBeLessThan(200)
    here.store.link.release()
    await here.runtime.advance(10_000)
    expect([scripted.yielded, stream.end]).toMatchObject([2000, { complete: true }])
  })
})
