import { type RedisServer, startRedisServer } from '@sluice/testing/redis'
import { describe, expect, test } from 'vitest'

import { Tap } from './rig/counting-source.ts'
import { Instance } from './rig/instance.ts'
import { Reading } from './rig/reading.ts'
import { textBetween } from './rig/text.ts'

/** Leaves Redis without a byte to spare. */
async function fillUp(server: RedisServer): Promise<void> {
  await server.command('CONFIG', 'SET', 'maxmemory', '1')
}

async function makeRoom(server: RedisServer): Promise<void> {
  await server.command('CONFIG', 'SET', 'maxmemory', '0')
}

describe.concurrent('Redis has no memory left (noeviction)', () => {
  test('F6: the stream ends with a typed error, others’ reads go on, and starts are refused until there is room (contract 2, 3)', async () => {
    await using server = await startRedisServer()
    await using a = new Instance({ url: server.url })
    await using b = new Instance({ url: server.url })
    const whole = await a.count({ tokens: 200, everyMs: 0 })
    await (await b.read({ id: whole.id })).ended()
    const tap = new Tap()
    const started = await a.start(tap.source)
    tap.pour(20)
    const [local, remote] = [new Reading(started, 0), await b.read({ id: started.id })]
    await Promise.all([local.reached(20), remote.reached(20)])
    await fillUp(server)
    tap.pour(1)
    expect(await local.cut()).toBe('storage')
    await a.abortOf(started.id)
    // The end finds room: it is told to everyone as what it is.
    const end = await remote.ended()
    expect(end).toMatchObject({
      reason: 'interrupted',
      cause: 'storage',
      error: { code: 'SLUICE_ERR_STORE', status: 503 },
    })
    expect([local.text, remote.text]).toEqual([textBetween(0, 20), textBetween(0, 20)])
    const again = await b.read({ id: whole.id })
    expect(await again.ended()).toMatchObject({ reason: 'stop' })
    expect(again.text).toBe(textBetween(0, 200))
    await expect(b.count({ tokens: 1, everyMs: 0 })).rejects.toMatchObject({ code: 'SLUICE_ERR_STORE', status: 503 })
    await makeRoom(server)
    const next = new Reading(await b.count({ tokens: 10, everyMs: 0 }), 0)
    expect(await next.ended()).toMatchObject({ reason: 'stop' })
    expect(next.text).toBe(textBetween(0, 10))
  })

  test('F6: a long stream makes room with its own past, and goes on (contract 1)', async () => {
    await using server = await startRedisServer()
    await using a = new Instance({ url: server.url })
    await using b = new Instance({ url: server.url })
    const tap = new Tap()
    const started = await a.start(tap.source)
    const [local, remote] = [new Reading(started, 0), await b.read({ id: started.id })]
    for (let count = 0; count < 20_000; count += 500) {
      tap.pour(500)
      await Promise.all([local.reached(tap.poured), remote.reached(tap.poured)])
    }
    // Just enough: what is trimmed makes up for what is added.
    await server.command('CONFIG', 'SET', 'maxmemory', String((await server.usedMemory()) - 1))
    tap.pour(1)
    await Promise.all([local.reached(20_001), remote.reached(20_001)])
    tap.finish()
    expect(await Promise.all([local.ended(), remote.ended()])).toMatchObject([{ reason: 'stop' }, { reason: 'stop' }])
    // Who comes now is told that the beginning is gone: it begins where the log does.
    const late = await b.sluice.transcript({ id: started.id }, { as: 'server' })
    expect(local.text.endsWith(late.text)).toBe(true)
    // It is gone at every instance, also where it was read.
    for (const instance of [a, b]) {
      await expect(instance.read({ id: started.id }, { after: `${started.id}.1.1` })).rejects.toMatchObject({
        code: 'SLUICE_ERR_CURSOR_TRIMMED',
      })
    }
  })
})
