import { createSluice, type Source, type StreamResult } from '@sluice/core'
import { nativeSse } from '@sluice/sse'
import { createCollectingSink, createVirtualRuntime, type VirtualRuntime } from '@sluice/testing'
import { expect, onTestFinished, test } from 'vitest'

import { StreamsInFile } from '../src/sqlite-store.ts'
import { copyDirectory } from './rig/crashes.ts'
import { newDirectories } from './rig/directories.ts'
import { beginStream, CUT, STOP, untilStored } from './rig/facts.ts'
import { instantDisk } from './rig/instant-disk.ts'

const newDirectory = newDirectories()
const AS = { as: 'server' } as const

/** A directory, and the processes that have had it. */
class Machine {
  readonly runtime: VirtualRuntime = createVirtualRuntime()
  directory: string = newDirectory()
  store: StreamsInFile = this.#open()

  /** The process is killed, and another one is started. */
  async crash(): Promise<StreamsInFile> {
    const killed = this.store
    this.directory = copyDirectory(this.directory, newDirectory())
    this.store = this.#open()
    await killed.dispose()
    return this.store
  }

  #open(): StreamsInFile {
    const store = new StreamsInFile(this.directory, { runtime: this.runtime, openDisk: instantDisk })
    onTestFinished(() => store.dispose())
    return store
  }
}

/** Says a token, waits, and says the next; goes on after what was said before. */
function counting(total: number, seen: { inbox: unknown[] } = { inbox: [] }): (machine: Machine) => Source {
  return ({ runtime }) =>
    async function* ({ prefix, inbox }) {
      void (async () => {
        for await (const message of inbox) seen.inbox.push(message)
      })()
      for (let index = prefix.split(' ').length - 1; index < total; index++) {
        yield `${index} `
        await new Promise<void>((resolve) => runtime.after(100, resolve))
      }
    }
}

test('contract 1, 4 and 5: a stream of a named source goes on in the next process, where it was, in an epoch of its own', async () => {
  const machine = new Machine()
  const { runtime } = machine
  const sources = (): { count: Source } => ({ count: counting(20)(machine) })
  const before = createSluice({
    store: machine.store,
    runtime,
    sources: sources(),
    stream: { onDisconnect: 'continue' },
  })
  const { id } = await before.start({ name: 'count' }, { ...AS, key: 'chat' })
  await runtime.advance(1_050)
  const { cursor } = await before.info({ id }, AS)
  expect(cursor).toMatch(/\.1\.11$/)

  await machine.crash()
  const after = createSluice({
    store: machine.store,
    runtime,
    sources: sources(),
    stream: { onDisconnect: 'continue' },
  })
  // Whoever comes meanwhile finds it running, and a start of its key joins it.
  const reader = await after.attach({ cursor }, AS)
  const joined = await after.start(() => [], { ...AS, key: 'chat' })
  expect([joined.attached, joined.id]).toEqual([true, id])
  joined.detach()
  await runtime.advance(2_000)
  const result = await reader.result()
  const all = await after.transcript({ id }, AS)
  expect(all.text).toBe(Array.from({ length: 20 }, (_, index) => `${index} `).join(''))
  expect(result.end).toMatchObject({ reason: 'stop', complete: true })
  const info = await after.info({ id }, AS)
  expect(Number(info.cursor.split('.')[1])).toBeGreaterThan(2)
})

test('contract 4: where nobody goes on with it, a stream of a named source ends when its time is over', async () => {
  const machine = new Machine()
  const { runtime } = machine
  const sluice = createSluice({
    store: machine.store,
    runtime,
    sources: { count: counting(99)(machine) },
    stream: { onDisconnect: 'continue', takeoverMs: 2_000 },
  })
  const { id } = await sluice.start({ name: 'count' }, AS)
  await runtime.advance(250)
  await machine.crash()
  const after = createSluice({ store: machine.store, runtime })
  const reader = await after.attach({ id }, AS)
  await runtime.advance(1_900)
  expect((await after.info({ id }, AS)).status).toBe('running')
  await runtime.advance(600)
  expect((await after.info({ id }, AS)).end).toMatchObject({ reason: 'interrupted', cause: 'lease' })
  expect((await reader.result()).text).toBe('0 1 2 ')
})

test('contract 2 and 12: a cursor past what a power cut has left is told so, in any epoch', async () => {
  const machine = new Machine()
  const { runtime } = machine
  const stream = await beginStream(machine.store, { tenant: '' })
  stream.log.append('a')
  await untilStored(runtime, stream)
  const { directory } = machine
  const left = copyDirectory(directory, newDirectory())
  for (const token of ['b', 'c', 'd']) stream.log.append(token)
  await untilStored(runtime, stream)
  machine.directory = left
  await machine.crash()
  const after = createSluice({ store: machine.store, runtime })
  const { id } = stream.facts
  for (const seq of [2, 3, 4])
    await expect(after.attach({ cursor: `${id}.1.${seq}` }, AS)).rejects.toMatchObject({
      code: 'SLUICE_ERR_CURSOR_AHEAD',
    })
  expect((await (await after.attach({ cursor: `${id}.1.1` }, AS)).result()).end.reason).toBe('interrupted')
})

test('contract 13: what ended without being settled is settled by the next process, once', async () => {
  const machine = new Machine()
  const { runtime } = machine
  const stream = await beginStream(machine.store)
  stream.log.append('half')
  await untilStored(runtime, stream)
  await machine.crash()
  const settled: StreamResult[] = []
  const settle = (result: StreamResult): void => void settled.push(result)
  createSluice({ store: machine.store, runtime, settle })
  await runtime.advance(1_000)
  const expected = { id: stream.facts.id, text: 'half', end: { reason: 'interrupted', cause: 'lease' } }
  expect(settled).toMatchObject([expected])
  await machine.crash()
  createSluice({ store: machine.store, runtime, settle })
  await runtime.advance(1_000)
  expect(settled).toHaveLength(1)
})

test('contract 13: a stream whose settle was under way when its process died is settled again', async () => {
  const machine = new Machine()
  const { runtime } = machine
  const never = new Promise<void>(() => {})
  const before = createSluice({ store: machine.store, runtime, settle: () => never })
  const started = before.start(() => ['whole'], AS)
  await runtime.advance(100)
  const { id } = await started
  await machine.crash()
  const settled: string[] = []
  createSluice({ store: machine.store, runtime, settle: (result) => void settled.push(`${result.id} ${result.text}`) })
  await runtime.advance(1_000)
  expect(settled).toEqual([`${id} whole`])
})

test('a message that is sent while a stream waits to be gone on with reaches its source', async () => {
  const machine = new Machine()
  const { runtime } = machine
  const seen = { inbox: [] as unknown[] }
  const stream = { onDisconnect: 'continue', takeoverMs: 60_000 } as const
  const sources = { count: counting(50, seen)(machine) }
  const { id } = await createSluice({ store: machine.store, runtime, sources, stream }).start({ name: 'count' }, AS)
  await runtime.advance(300)
  await machine.crash()
  const without = createSluice({ store: machine.store, runtime })
  for (const message of [{ rating: 1 }, 'ü 😀', null]) await without.send({ id }, message, AS)
  await machine.crash()
  createSluice({ store: machine.store, runtime, sources, stream })
  await runtime.advance(500)
  expect(seen.inbox).toEqual([{ rating: 1 }, 'ü 😀', null])
  await machine.crash()
  createSluice({ store: machine.store, runtime, sources, stream })
  await runtime.advance(500)
  expect(seen.inbox).toHaveLength(3)
})

test('an inbox has a bound while nobody reads it', async () => {
  const machine = new Machine()
  const { runtime } = machine
  const stream = { onDisconnect: 'continue', takeoverMs: 60_000 } as const
  const sources = { count: counting(50)(machine) }
  const { id } = await createSluice({ store: machine.store, runtime, sources, stream }).start({ name: 'count' }, AS)
  await runtime.advance(300)
  await machine.crash()
  const sluice = createSluice({ store: machine.store, runtime })
  for (let sent = 0; sent < 64; sent++) await sluice.send({ id }, sent, AS)
  await expect(sluice.send({ id }, 'one more', AS)).rejects.toMatchObject({ code: 'SLUICE_ERR_OVERLOADED' })
})

test('contract 7: what a reader was granted holds in the next process, until it is granted more', async () => {
  const machine = new Machine()
  const { runtime } = machine
  const stream = await beginStream(machine.store, { tenant: '' })
  const { id } = stream.facts
  for (const event of ['one ', 'two ', 'three ', STOP]) stream.log.append(event)
  await untilStored(runtime, stream)
  const cursor = `${id}.1.0`
  await createSluice({ store: machine.store, runtime }).ack({ cursor }, { ...AS, reader: 'r', credit: 2 })
  await runtime.advance(20)
  await machine.crash()
  const after = createSluice({ store: machine.store, runtime })
  const sink = createCollectingSink()
  const handle = await after.attach({ id }, AS)
  handle.deliver(sink, { wire: nativeSse, name: 'r' })
  await runtime.advance(1_000)
  expect(sink.text()).toContain('two ')
  expect(sink.text()).not.toContain('three ')
  await after.ack({ cursor }, { ...AS, reader: 'r', credit: 4 })
  await runtime.advance(1_000)
  expect(sink.text()).toContain('three ')
  expect(sink.text()).toContain('event: end')
})

test('a tombstone outlives a restart, and so does the bound on them', async () => {
  const machine = new Machine()
  const { runtime } = machine
  const stream = await beginStream(machine.store, { key: 'k' })
  stream.log.append('secret')
  await machine.store.close(stream.facts, CUT)
  await machine.store.erase(stream.facts)
  await runtime.advance(100)
  await machine.crash()
  const { id, tenant, owner, key } = stream.facts
  expect(await machine.store.find({ tenant, id })).toEqual({
    is: 'tombstone',
    tombstone: { facts: { id, tenant, owner, key }, epoch: 2, seq: 2, end: CUT },
  })
  expect(await machine.store.find({ tenant: 'other', id })).toEqual({ is: 'unknown' })
})
