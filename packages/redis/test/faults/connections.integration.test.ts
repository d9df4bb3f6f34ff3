import { startRedisServer } from '@sluice/testing/redis'
import { describe, expect, test } from 'vitest'

import { countConnections } from './rig/connections.ts'
import { Instance } from './rig/instance.ts'
import { Reading } from './rig/reading.ts'
import { ReplyThief } from './rig/reply-thief.ts'
import { textBetween } from './rig/text.ts'
import { eventually } from './rig/watched.ts'

const KILLED_FOR_MS = 30_000

describe.concurrent('what Redis knows of its clients is lost', () => {
  test('F5: all connections killed every 200 ms for 30 s: the exact sequence everywhere (contract 1, 3, 14)', async () => {
    await using server = await startRedisServer()
    await using a = new Instance({ url: server.url })
    await using b = new Instance({ url: server.url })
    await Promise.all([a.store.ready(), b.store.ready()])
    const connections = await countConnections(server)
    const streams = await Promise.all(
      [0, 1, 2].map((index) => a.count({ tokens: 2_500 + index, everyMs: 12 }, { key: `stream ${index}` })),
    )
    const readings = streams.map((stream) => new Reading(stream, 0))
    for (const { id } of streams) readings.push(await b.read({ id }))
    let killed = 0
    const kill = async (): Promise<void> => {
      killed += (await server.killConnections('normal')) + (await server.killConnections('pubsub'))
    }
    const killing = setInterval(() => void kill(), 200)
    const untilMs = performance.now() + KILLED_FOR_MS
    try {
      // Readers come and go all the while.
      for (let at = 0; performance.now() < untilMs; at = (at + 1) % 3) {
        const known = readings[3 + at]!
        const before = known.tokens
        const fresh = await retried(() => b.read({ id: known.id }, { after: known.cursor || undefined, from: before }))
        await fresh.until('more text', () => fresh.tokens > 5 || fresh.over, 10_000)
        fresh.leave()
      }
    } finally {
      clearInterval(killing)
    }
    expect(killed).toBeGreaterThan(200)
    const ends = await Promise.all(readings.map((reading) => reading.ended()))
    for (const [index, reading] of readings.entries()) {
      expect(reading.text).toBe(textBetween(0, 2_500 + (index % 3)))
      expect(ends[index]).toMatchObject({ reason: 'stop', complete: true })
    }
    expect(a.aborted).toEqual([])
    await eventually('connections back at their number', async () => (await countConnections(server)) === connections)
    await a.store.dispose()
    await b.store.dispose()
    await eventually('no connection left', async () => (await countConnections(server)) === 0)
  })

  test('F5: connections that carry nothing any more, without a word, are made anew (contract 2, 4)', async () => {
    await using server = await startRedisServer()
    await using thief = await ReplyThief.start(server.port)
    await using a = new Instance({ url: thief.url, commandMs: 1_000 })
    await using b = new Instance({ url: thief.url, commandMs: 1_000 })
    const started = await a.count({ tokens: 1e6, everyMs: 10 })
    const readings = [new Reading(started, 0), await b.read({ id: started.id })]
    await Promise.all(readings.map((reading) => reading.reached(10)))
    thief.freeze()
    const before = readings.map(({ tokens }) => tokens)
    await Promise.all(readings.map((reading, index) => reading.reached(before[index]! + 300, 8_000)))
    await b.sluice.cancel({ id: started.id }, { as: 'server' })
    const ends = await Promise.all(readings.map((reading) => reading.ended(1_000)))
    expect(ends[0]).toMatchObject({ reason: 'cancelled', cause: 'client' })
    expect(ends[1]).toEqual(ends[0])
    expect(readings[0]!.text).toBe(readings[1]!.text)
  })

  test('F5: a listening connection that hears nothing any more is noticed, though commands work (contract 8)', async () => {
    await using server = await startRedisServer()
    await using thief = await ReplyThief.start(server.port)
    await using a = new Instance({ url: thief.url, commandMs: 1_000 })
    await using b = new Instance({ url: server.url })
    const first = await a.count({ tokens: 1e6, everyMs: 10 })
    const reading = await b.read({ id: first.id })
    await reading.reached(10)
    thief.freeze('listening')
    // What is not heard is learnt with the next renewal.
    await b.sluice.cancel({ id: first.id }, { as: 'server' })
    await a.abortOf(first.id, 5_000)
    await eventually('another listening connection', () => thief.listening === 2, 10_000)
    const second = await a.count({ tokens: 1e6, everyMs: 10 })
    await b.sluice.cancel({ id: second.id }, { as: 'server' })
    await a.abortOf(second.id, 1_000)
  })

  test('F14: SCRIPT FLUSH between appends: nobody sees it (contract 1)', async () => {
    await using server = await startRedisServer()
    await using a = new Instance({ url: server.url })
    await using b = new Instance({ url: server.url })
    const started = await a.count({ tokens: 300, everyMs: 3 })
    const readings = [new Reading(started, 0), await b.read({ id: started.id })]
    let flushing = true
    const flushes = (async () => {
      for (; flushing;) await server.command('SCRIPT', 'FLUSH', 'SYNC')
    })()
    const ends = await Promise.all(readings.map((reading) => reading.ended()))
    flushing = false
    await flushes
    expect(ends[0]).toMatchObject({ reason: 'stop', complete: true })
    expect(ends[1]).toEqual(ends[0])
    expect(readings.map(({ text }) => text)).toEqual([textBetween(0, 300), textBetween(0, 300)])
  })
})

/** Attaching may be refused while there is no connection; with a code that says to try again. */
async function retried<Value>(attempt: () => Promise<Value>): Promise<Value> {
  return eventually('an attach', () =>
    attempt().catch((error: { code?: string }) => {
      if (error.code !== 'SLUICE_ERR_STORE') throw error
      return undefined
    }),
  )
}
