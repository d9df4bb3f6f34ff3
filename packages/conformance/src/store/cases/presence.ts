import { type ChunkingPolicy, createSluice, type Json } from '@sluice/core'
import type { LogReader, StoredStream } from '@sluice/core/extend'
import { nativeSse } from '@sluice/sse'
import { createCollectingSink } from '@sluice/testing'
import { describe, expect, test } from 'vitest'

import { Following } from '../rig/following.ts'
import { CUT, findStream, KEEPING, type OpenStore, STOP, type StoreRig } from '../rig/rig.ts'

/** More messages than any inbox holds. */
const TOO_MANY = 1000
const WINDOW_BYTES = 1024

/** Joins a stream where it is looked at, and waits until its producer knows. */
async function joinKnown({ other, eventually }: StoreRig, { facts, log }: StoredStream): Promise<Following> {
  const reader = new Following((await findStream(other, facts)).log)
  await eventually(() => expect(log.remoteReaders).toBeGreaterThan(0))
  return reader
}

/** What takes messages for a source, as many as there is room for. */
interface OpenInbox {
  readonly messages: readonly Json[]
  room: number
}

function openInbox({ log }: StoredStream, room: number): OpenInbox {
  const messages: Json[] = []
  const inbox: OpenInbox = { messages, room }
  log.watchers.add({ message: (message) => messages.length < inbox.room && messages.push(message) > 0 })
  return inbox
}

/** What a producer is told of other processes, and what these are told of each other. */
export function describePresence(open: OpenStore): void {
  describe('contract 9, readers in other processes', () => {
    test('keep a stream from being closed for want of readers, until the last has left', async () => {
      const rig = await open()
      const stream = await rig.begin()
      const { log, facts } = stream
      const closeUnlessAttended = async (): Promise<unknown> => rig.store.close(facts, CUT, { unlessAttended: true })
      const readers = [await joinKnown(rig, stream), await joinKnown(rig, stream)]
      for (const reader of readers) {
        expect(await closeUnlessAttended()).toEqual({ is: 'attended' })
        reader.leave()
      }
      await rig.eventually(() => expect([log.remoteReaders, log.attended]).toEqual([0, false]))
      expect(log.end).toBeUndefined()
      const closing = { is: 'closed', first: true, end: CUT, epoch: 2, seq: 1 }
      expect(await closeUnlessAttended()).toEqual(closing)
      expect(await closeUnlessAttended()).toEqual({ ...closing, first: false })
    })

    test('are told of to the producer as they come and go', async () => {
      const rig = await open()
      const stream = await rig.begin()
      const counts: number[] = []
      stream.log.watchers.add({ readersChanged: () => void counts.push(stream.log.remoteReaders) })
      for (let visit = 1; visit <= 3; visit++) {
        const reader = await joinKnown(rig, stream)
        expect([stream.log.attended, counts.at(-1)! > 0]).toEqual([true, true])
        reader.leave()
        await rig.eventually(() => expect([stream.log.attended, counts.at(-1)]).toEqual([false, 0]))
      }
    })

    test('do not hold up an explicit close', async () => {
      const rig = await open()
      const stream = await rig.begin()
      const reader = await joinKnown(rig, stream)
      const closing = { is: 'closed', first: true, end: CUT, epoch: 2, seq: 1 }
      expect(await rig.store.close(stream.facts, CUT)).toEqual(closing)
      await rig.eventually(() => expect(reader.end).toEqual(CUT))
      reader.leave()
    })

    test('contract 7: move the window: their furthest position comes back to the producer', async () => {
      const rig = await open()
      const stream = await rig.begin({}, { windowBytes: WINDOW_BYTES })
      const { log } = stream
      const reader = await joinKnown(rig, stream)
      let moves = 0
      log.watchers.add({ furthestMoved: () => void moves++ })
      for (let round = 0; round < 5; round++) {
        moves = 0
        while (log.totalBytes - log.furthestBytes < WINDOW_BYTES) log.append('x'.repeat(100))
        await rig.eventually(() => expect(log.totalBytes - log.furthestBytes).toBeLessThan(WINDOW_BYTES))
        expect(moves).toBeGreaterThan(0)
      }
      reader.leave()
    })

    test('contract 10: give what their policies keep when the window holds the source back', async () => {
      const rig = await open()
      const stream = await rig.begin({}, { windowBytes: WINDOW_BYTES })
      const { log } = stream
      const handle = await createSluice({ store: rig.other, runtime: rig.runtime }).attach(
        { id: stream.facts.id },
        { as: 'server' },
      )
      const waiting: ChunkingPolicy = { name: 'waiting', maxDelayMs: 60_000, take: () => 0 }
      handle.deliver(createCollectingSink(), { wire: nativeSse, chunking: waiting })
      await rig.eventually(() => expect(log.remoteReaders).toBeGreaterThan(0))
      for (let round = 0; round < 5; round++) {
        while (log.totalBytes - log.furthestBytes < WINDOW_BYTES) log.append('x'.repeat(100))
        await rig.eventually(() => expect(log.totalBytes - log.furthestBytes).toBeLessThan(WINDOW_BYTES))
      }
      handle.detach()
    })
  })

  describe('a message to a source', () => {
    test('arrives where the source runs, whole and in order, whoever sends it', async () => {
      const { store, other, begin, eventually } = await open()
      const stream = await begin()
      const { messages } = openInbox(stream, TOO_MANY)
      const sent: Json[] = [{ rating: 1, of: [null, 'ü 😀'] }, 'text', 0, false]
      for (const message of sent) expect(await other.send!(stream.facts, message)).toBe(true)
      await eventually(() => expect(messages).toEqual(sent))
      expect(await store.send!(stream.facts, 'from here')).toBe(true)
      await eventually(() => expect(messages).toEqual([...sent, 'from here']))
    })

    test('is refused once the source has no room for more, and never is one lost that was not', async () => {
      const { store, other, begin, eventually } = await open()
      const stream = await begin()
      const inbox = openInbox(stream, 3)
      let taken = 0
      while (taken < TOO_MANY && (await other.send!(stream.facts, taken))) taken++
      expect(taken).toBeLessThan(TOO_MANY)
      expect(taken).toBeGreaterThanOrEqual(3)
      await eventually(() => expect(inbox.messages).toEqual([0, 1, 2]))
      inbox.room = TOO_MANY
      // A renewal tells what waits.
      await store.renew?.([stream.facts], KEEPING.leaseMs)
      await eventually(() => expect(inbox.messages).toEqual(Array.from({ length: taken }, (_, at) => at)))
    })

    test('is refused once the stream has ended', async () => {
      const { other, begin, append } = await open()
      const stream = await begin()
      openInbox(stream, TOO_MANY)
      await append(stream, STOP)
      expect(await other.send!(stream.facts, 'late')).toBe(false)
    })
  })

  describe('contract 7, credit', () => {
    test('reaches the readers of that name in other processes, and no others', async () => {
      const rig = await open()
      const stream = await rig.begin()
      const sluice = createSluice({ store: rig.other, runtime: rig.runtime })
      const handle = await sluice.attach({ id: stream.facts.id }, { as: 'server' })
      const sink = createCollectingSink()
      handle.deliver(sink, { wire: nativeSse, name: 'r' })
      await rig.eventually(() => expect(stream.log.remoteReaders).toBeGreaterThan(0))
      const { log } = await findStream(rig.other, stream.facts)
      expect(log.readers.size).toBe(1)
      const reader = log.readers.items[0] as LogReader & { limitSeq: number }
      expect(await rig.store.grant!(stream.facts, 'r', 1)).toBeGreaterThan(0)
      await rig.eventually(() => expect(reader.limitSeq).toBe(1))
      await rig.store.grant!(stream.facts, 'someone else', 9)
      await rig.store.grant!(stream.facts, 'r', 2)
      await rig.eventually(() => expect(reader.limitSeq).toBe(2))
      await rig.append(stream, 'one ', 'two ', 'three ')
      await rig.eventually(() => expect(sink.text()).toContain('two '))
      expect(sink.text()).not.toContain('three ')
      await rig.store.grant!(stream.facts, 'r', 3)
      await rig.eventually(() => expect(sink.text()).toContain('three '))
      handle.detach()
    })

    test.each(['where it is read', 'where it was produced'] as const)(
      'reaches a reader of a stream that has ended meanwhile, granted %s',
      async (where) => {
        const rig = await open()
        const stream = await rig.begin()
        const sluice = createSluice({ store: rig.other, runtime: rig.runtime })
        const handle = await sluice.attach({ id: stream.facts.id }, { as: 'server' })
        const sink = createCollectingSink()
        handle.deliver(sink, { wire: nativeSse, name: 'r', credit: 1 })
        await rig.append(stream, 'one ', 'two ', STOP)
        await rig.eventually(() => expect(handle.end).toEqual(STOP))
        await rig.pass(100)
        expect(sink.text()).not.toContain('two ')
        const granting =
          where === 'where it is read' ? sluice : createSluice({ store: rig.store, runtime: rig.runtime })
        await granting.ack({ cursor: `${stream.facts.id}.1.0` }, { as: 'server', reader: 'r', credit: 2 })
        await rig.eventually(() => expect(sink.text()).toContain('event: end'))
        expect(sink.text()).toContain('two ')
      },
    )
  })
}
