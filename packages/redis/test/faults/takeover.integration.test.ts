import { parseCursor } from '@sluice/core/extend'
import { startRedisServer } from '@sluice/testing/redis'
import { describe, expect, test } from 'vitest'

import { Instance } from './rig/instance.ts'
import { ProducerProcess } from './rig/producer-process.ts'
import { countTokens, textBetween } from './rig/text.ts'

describe.concurrent('a producer stands still beyond its lease', () => {
  test('F18: another instance goes on from its text; the zombie can neither write nor end (contract 3, 5)', async () => {
    await using server = await startRedisServer()
    await using zombie = new ProducerProcess({ store: { url: server.url } })
    await using b = new Instance({ url: server.url })
    const id = await zombie.count({ tokens: 1_500, everyMs: 10 })
    const there = await zombie.read(id)
    const here = await b.read({ id })
    await here.reached(50)
    zombie.pause()
    await b.until('the source runs here', () => b.runs.length === 1)
    const { after } = b.runs[0]!
    zombie.resume()
    await zombie.until('its source aborted', ({ report }) => report.aborted.includes(id), 5_000)
    // Its own reader is told, and had nothing that the store has not.
    const cut = await zombie.reading(there, ({ closed }) => closed !== undefined, 5_000)
    expect(cut).toMatchObject({ closed: 'epoch' })
    expect(textBetween(0, after).startsWith(cut.text)).toBe(true)
    // There it goes on where it was, on the very instance that has lost it.
    const again = await zombie.read(id, { after: cut.cursor, from: countTokens(cut.text) })
    expect(await here.ended()).toMatchObject({ reason: 'stop', complete: true })
    expect(here.text).toBe(textBetween(0, 1_500))
    const rest = await zombie.reading(again, ({ end }) => end !== undefined)
    expect(cut.text + rest.text).toBe(here.text)
    expect(rest.end).toEqual(here.end)
    expect(await b.settlementOf(id)).toMatchObject({ text: here.text })
    expect(zombie.report.settled).toEqual([])
    // F39: cursors of the old epoch are good as far as it got, and name nothing after that (design.md, section 6).
    const { epoch } = parseCursor(here.cursor)
    await using c = new Instance({ url: server.url })
    for (const instance of [b, c]) {
      const kept = await instance.read({ id }, { after: `${id}.1.${after}`, from: after })
      expect(await kept.ended()).toEqual(here.end)
      expect(kept.text).toBe(textBetween(after, 1_500))
      const renewed = await instance.read({ id }, { after: `${id}.${epoch}.${after + 1}`, from: after + 1 })
      expect(await renewed.ended()).toEqual(here.end)
      const superseded = [`${id}.1.${after + 1}`, `${id}.1.1500`]
      const neverWritten = [`${id}.${epoch}.${after}`, `${id}.2.1500`, `${id}.${epoch + 1}.1500`]
      for (const wrong of [...superseded, ...neverWritten])
        await expect(instance.read({ id }, { after: wrong })).rejects.toMatchObject({ status: 409 })
    }
  })

  test('F18: a zombie that wakes up after the end of its successor does not pass its part for the whole (contract 2, 3)', async () => {
    await using server = await startRedisServer()
    await using zombie = new ProducerProcess({ store: { url: server.url } })
    await using b = new Instance({ url: server.url })
    const id = await zombie.count({ tokens: 150, everyMs: 20 })
    const there = await zombie.read(id)
    const here = await b.read({ id })
    await here.reached(50)
    zombie.pause()
    const end = await here.ended()
    expect(here.text).toBe(textBetween(0, 150))
    zombie.resume()
    await zombie.until('its source aborted', ({ report }) => report.aborted.includes(id), 5_000)
    const told = await zombie.reading(there, (report) => (report.end ?? report.closed) !== undefined, 5_000)
    expect(told).toMatchObject({ closed: 'epoch' })
    expect(countTokens(told.text)).toBeLessThan(150)
    const again = await zombie.read(id)
    expect(await zombie.reading(again, (report) => report.end !== undefined)).toMatchObject({ text: here.text, end })
    await b.settlementOf(id)
    expect(zombie.report.settled).toEqual([])
  })

  test('F18: a zombie whose own deadline is over does not end the stream of its successor (contract 5)', async () => {
    await using server = await startRedisServer()
    await using zombie = new ProducerProcess({ store: { url: server.url } })
    await using b = new Instance({ url: server.url })
    // Over while the zombie stands still; its successor counts anew.
    const deadlines = { totalMs: 14_000 }
    const tokens = 400
    // Its successor is done long before that, however slow the machine makes it.
    const id = await zombie.count({ tokens, everyMs: 10 }, { deadlines })
    const countedMs = performance.now()
    const here = await b.read({ id })
    await here.reached(50)
    zombie.pause()
    await b.until('the source runs here', () => b.runs.length === 1)
    // Its deadline is due by then.
    await new Promise((resolve) => setTimeout(resolve, countedMs + deadlines.totalMs - performance.now()))
    zombie.resume()
    await zombie.until('its source aborted', ({ report }) => report.aborted.includes(id), 5_000)
    expect(await here.ended()).toMatchObject({ reason: 'stop', complete: true })
    expect(here.text).toBe(textBetween(0, tokens))
  })

  test('F18: a successor with a reader of its own is not lonely (contract 9)', async () => {
    await using server = await startRedisServer()
    await using producer = new ProducerProcess({ store: { url: server.url } })
    await using b = new Instance({ url: server.url })
    const options = { onDisconnect: { graceMs: 500 }, unattachedMs: 1_000 } as const
    const id = await producer.count({ tokens: 600, everyMs: 10 }, options)
    const here = await b.read({ id })
    await here.reached(20)
    await producer.kill()
    expect(await here.ended()).toMatchObject({ reason: 'stop', complete: true })
    expect(here.text).toBe(textBetween(0, 600))
  })
})
