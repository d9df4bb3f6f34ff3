import { describe, expect, test } from 'vitest'
import {
  createCollectingSink,
  createRig,
  createScriptedSource,
  plainWire,
  type Rig,
  settlesWithin,
  sluiceErrorOf,
} from '../rig/core-rig.ts'

const SERVER = { as: 'server' } as const

async function endedStream(rig: Rig, texts: readonly string[] = ['a', 'b', 'c']): Promise<string> {
  const scripted = createScriptedSource(texts.map((text) => ({ yield: text })))
  const stream = await rig.sluice.start(scripted.source, { ...SERVER, onDisconnect: 'continue' })
  await rig.runtime.flush()
  expect(stream.end?.complete).toBe(true)
  return stream.id
}

describe('a reading that begins after the end', () => {
  test('contract 4: is over at once when it is iterated', async () => {
    const rig = createRig()
    const id = await endedStream(rig)
    const { cursor } = await rig.sluice.info({ id }, SERVER)
    const stream = await rig.sluice.attach({ cursor }, SERVER)
    expect(stream.exhausted).toBe(true)
    const events: unknown[] = []
    const read = async (): Promise<void> => {
      for await (const event of stream) events.push(event)
    }
    expect(await settlesWithin(rig.runtime, 0, read())).toBe(true)
    expect(events).toEqual([])
  })

  test('contract 3: has no text, and the same end as every other', async () => {
    const rig = createRig()
    const id = await endedStream(rig)
    const { cursor, end } = await rig.sluice.info({ id }, SERVER)
    const result = await (await rig.sluice.attach({ cursor }, SERVER)).result()
    expect(result).toMatchObject({ text: '', events: [], end, trimmed: true })
    expect(await (await rig.sluice.attach({ cursor }, SERVER)).text()).toBe('')
  })

  test('contract 4: is over at once when it is delivered', async () => {
    const rig = createRig()
    const id = await endedStream(rig)
    const stream = await rig.sluice.attach({ id }, { ...SERVER, after: 'now' })
    const sink = createCollectingSink()
    stream.deliver(sink, { wire: plainWire, heartbeatMs: false })
    await rig.runtime.flush()
    expect(sink.closed).toBe(true)
    expect(rig.sluice.stats()).toMatchObject({ delivering: 0 })
  })
})

test('contract 2: a reading that is left gives no result: what it had read never passes for the whole', async () => {
  const rig = createRig()
  const scripted = createScriptedSource([{ yield: 'a' }, { hang: true }], { runtime: rig.runtime })
  const { id } = await rig.sluice.start(scripted.source, { ...SERVER, onDisconnect: 'continue' })
  await rig.runtime.flush()
  for (const ask of ['text', 'result'] as const) {
    const stream = await rig.sluice.attach({ id }, SERVER)
    const asked = sluiceErrorOf(() => stream[ask]())
    await rig.runtime.flush()
    stream.detach()
    await rig.runtime.flush()
    expect(await asked).toMatchObject({ code: 'SLUICE_ERR_READING_CLOSED' })
  }
})

test('a delivery that is refused for its options leaves nothing behind', async () => {
  const rig = createRig()
  const id = await endedStream(rig)
  const stream = await rig.sluice.attach({ id }, SERVER)
  const sink = createCollectingSink()
  await sluiceErrorOf(() => stream.deliver(sink, { wire: plainWire, name: 'tab', credit: -1 }))
  expect([rig.sluice.stats().pending, sink.writes]).toEqual([0, []])
})

describe('contract 1, cursors: `after`', () => {
  test('of another stream is refused with 400, with and without a position', async () => {
    const rig = createRig()
    const id = await endedStream(rig)
    const other = await endedStream(rig)
    for (const after of [`${other}.1.2`, `${other}.0.0`, other, 'garbage', 'x.0.0']) {
      const error = await sluiceErrorOf(() => rig.sluice.attach({ id }, { ...SERVER, after }))
      expect(error).toMatchObject({ code: 'SLUICE_ERR_CURSOR_MALFORMED', status: 400 })
    }
  })

  test('with the bare id of the stream itself reads from the start', async () => {
    const rig = createRig()
    const id = await endedStream(rig)
    const stream = await rig.sluice.attach({ id }, { ...SERVER, after: id })
    expect(await stream.text()).toBe('abc')
  })
})
