import assert from 'node:assert/strict'
import { immediate } from '@sluice/core'
import { Connection } from '@sluice/core/extend'
import fc from 'fast-check'
import { test } from 'vitest'
import { check, createScriptedSource } from '../../../testing/src/index.ts'
import { LineSink } from '../rig/line-sink.ts'
import { lineWire } from '../rig/line-wire.ts'
import { peerSpeeds } from '../rig/scenarios.ts'
import { createWorld, serve } from '../rig/world.ts'

const AS = { owner: 'ada' }
const NO_BEAT = { heartbeat: () => '' }
const PIECE = 'x'.repeat(100)
const PIECES = 60

test('contract 6: readings that share a slow connection are served in turns, and none gets far ahead', async () => {
  const counts = fc.integer({ min: 2, max: 6 })
  const chunkBytes = fc.integer({ min: 128, max: 2_048 })
  const property = fc.asyncProperty(counts, peerSpeeds, chunkBytes, async (count, speed, maxChunkBytes) => {
    const { runtime, sluice } = createWorld()
    const streams = []
    for (let index = 0; index < count; index++) {
      const { source } = createScriptedSource(Array.from({ length: PIECES }, () => ({ yield: PIECE })))
      const { id } = await sluice.start(source, { as: AS, onDisconnect: 'continue' })
      await runtime.advance(10)
      streams.push(await sluice.attach({ id }, { as: AS }))
    }
    const sink = new LineSink(runtime, speed)
    const options = { ...sluice.readerOptions, stallMs: false, heartbeatMs: false } as const
    const connection = new Connection(sluice.scheduler, sink, options, { beat: NO_BEAT, closeWhenEmpty: false })
    sink.join(connection)
    const sent = new Map(streams.map(({ id }) => [id, 0]))
    const ended = new Set<string>()
    let largestLead = 0
    sink.onWrite = () => {
      const { text } = sink.written.at(-1)!
      const id = [...sent.keys()].find((id) => text.includes(id))!
      sent.set(id, sent.get(id)! + text.length)
      if (text.includes('"end"')) ended.add(id)
      if (ended.size === 0) largestLead = Math.max(largestLead, Math.max(...sent.values()) - Math.min(...sent.values()))
    }
    for (const stream of streams)
      stream.deliver(sink, { wire: lineWire, connection, chunking: immediate(), maxChunkBytes })
    await runtime.advance(3_600_000)
    assert.equal(ended.size, count)
    // One turn is a chunk, on the wire twice as long as in the log at most.
    const turnBytes = 2 * maxChunkBytes + 512
    // The first one is alone at first, and fills the queue.
    const boundBytes = speed.queueBytes + 2 * turnBytes
    assert.ok(largestLead <= boundBytes, `one got ahead by ${largestLead} bytes instead of ${boundBytes}`)
    connection.close()
  })
  await check(property)
})

test('design 6: a reading is given no more than the credit it begins with, until it grants more', async () => {
  const property = fc.asyncProperty(fc.nat({ max: 20 }), fc.nat({ max: 10 }), async (after, credit) => {
    const { runtime, sluice } = createWorld()
    const steps = [...Array.from({ length: 20 }, () => ({ yield: 'token ' })), { wait: 100_000 }, { yield: 'last' }]
    const { source } = createScriptedSource(steps, { runtime })
    const { id } = await sluice.start(source, { as: AS, deadlines: { idleMs: false } })
    await runtime.advance(10)
    const stream = await sluice.attach({ cursor: `${id}.1.${after}` }, { as: AS })
    const reader = serve(runtime, stream, { name: 'phone', credit, chunking: immediate() })
    const reached = (): number => reader.understood().entries.at(-1)?.seq ?? after
    await runtime.advance(1_000)
    assert.equal(reached(), Math.min(after + credit, 20))
    await sluice.ack({ id }, { as: AS, reader: 'phone', credit: 30 })
    await runtime.advance(1_000)
    assert.equal(reached(), 20)
    reader.sink.drop()
  })
  await check(property)
})

test('contract 2: whoever made a delivery is told once how it ended, and a reader that is sent away is told why', async () => {
  const { runtime, sluice } = createWorld()
  const outcomes: string[] = []
  const begin = async (): Promise<ReturnType<typeof serve>> => {
    const { source } = createScriptedSource([{ yield: 'a' }, { wait: 60_000 }], { runtime })
    const stream = await sluice.start(source, { as: AS, deadlines: { idleMs: false } })
    const serving = serve(runtime, stream, { onOver: (outcome) => outcomes.push(outcome) })
    await runtime.advance(1_000)
    return serving
  }
  const left = await begin()
  left.stream.detach()
  left.stream.detach()
  const sentAway = await begin()
  sentAway.stream.detach('unauthorized')
  await runtime.advance(1_000)
  assert.deepEqual(sentAway.understood().closed, {
    type: 'closed',
    code: 'unauthorized',
    cursor: `${sentAway.stream.id}.1.1`,
  })
  const lost = await begin()
  lost.sink.drop()
  await begin()
  await runtime.advance(120_000)
  assert.deepEqual(outcomes, ['detached', 'unauthorized', 'detached', 'end'])
  assert.equal(sluice.stats().delivering, 0)
})
