import type { Transform } from '@sluice/core'
import { startRedisServer } from '@sluice/testing/redis'
import { quiet } from '@sluice/testing/patience'
import { describe, expect, test } from 'vitest'

import { Tap } from './rig/counting-source.ts'
import { Instance } from './rig/instance.ts'
import { ReplyThief } from './rig/reply-thief.ts'
import { eventually } from './rig/watched.ts'

/** A lease, the sweep that notices it, and a look more. */
const NOTICED_MS = 25_000

describe.concurrent('every claim has an owner, or is given back', () => {
  test('more streams are left than there is room for: what cannot run is ended, and nothing is held for ever (contract 4)', async () => {
    await using server = await startRedisServer()
    const dead = new Instance({ url: server.url })
    await using heir = new Instance({ url: server.url }, { limits: { streams: 1 } })
    const ids: string[] = []
    for (let at = 0; at < 4; at++) {
      const { id } = await dead.count({ tokens: 100_000, everyMs: 50 }, { takeoverMs: 500 })
      ids.push(id)
    }
    await dead[Symbol.asyncDispose]()
    const running = async (): Promise<string[]> => {
      const infos = await Promise.all(ids.map((id) => heir.sluice.info({ id }, { as: 'server' })))
      return infos.filter(({ status }) => status !== 'ended').map(({ id }) => id)
    }
    await eventually('one goes on, the others have ended', async () => (await running()).length === 1, NOTICED_MS)
    const [left] = await running()
    expect(heir.runs.map(({ id }) => id)).toEqual([left])
    expect(heir.sluice.stats()).toMatchObject({ producing: 1, store: { live: 1 } })
    await heir.sluice.cancel({ id: left! }, { as: 'server' })
  })

  test('a transform that throws for a stream that was taken over takes no place with it', async () => {
    await using server = await startRedisServer()
    const dead = new Instance({ url: server.url })
    let throws = false
    const transforms: Transform[] = [
      () => {
        if (throws) throw new Error('no such voice')
        return { transform: (event) => [event] }
      },
    ]
    await using heir = new Instance({ url: server.url }, { limits: { streams: 1 }, transforms })
    const { id } = await dead.count({ tokens: 100_000, everyMs: 50 }, { takeoverMs: 500 })
    throws = true
    await dead[Symbol.asyncDispose]()
    await eventually(
      'it has ended',
      async () => (await heir.sluice.info({ id }, { as: 'server' })).status === 'ended',
      NOTICED_MS,
    )
    throws = false
    const next = await heir.count({ tokens: 5, everyMs: 1 })
    expect(await next.ended).toMatchObject({ complete: true })
  })

  test('the answer to the last step of a start is lost: its key is free again within a lease and a look (contract 4)', async () => {
    await using server = await startRedisServer()
    await using thief = await ReplyThief.start(server.port)
    await using unlucky = new Instance({ url: thief.url, commandMs: 2_000 })
    await using other = new Instance({ url: server.url })
    await Promise.all([unlucky.store.ready(), other.store.ready()])
    const key = 'chat-1'
    await (
      await unlucky.count({ tokens: 1, everyMs: 1 }, { key: 'warm' })
    ).ended
    // The pointer is set by then, and answered with.
    const stolen = thief.steal((reply) => reply.includes('ok') && !reply.includes('exists'))
    const starting = unlucky.start(new Tap().source, { key, ifRunning: 'refuse' }).catch(() => undefined)
    await stolen
    await starting
    await eventually(
      'the key is free, or held by a stream that runs',
      async () => {
        const info = await other.sluice.info({ key }, { as: 'server' }).catch(() => undefined)
        return info === undefined || unlucky.runs.some(({ id }) => id === info.id)
      },
      NOTICED_MS,
    )
  })
})

test('two logs of one stream in one process: neither says for the other that nobody reads (contract 9)', async () => {
  await using server = await startRedisServer()
  await using producer = new Instance({ url: server.url })
  await using reader = new Instance({ url: server.url })
  const tap = new Tap()
  const started = await producer.start(tap.source, { onDisconnect: { graceMs: 300 } })
  const { id } = started
  tap.pour(5)
  const early = await reader.sluice.attach({ id }, { as: 'server' })
  // Its log is let go before it begins to read.
  await eventually('the log of the first was let go', () => reader.sluice.stats().store.streams === 0, 10_000)
  const late = await reader.sluice.attach({ id }, { as: 'server' })
  late.hold()
  early.hold()
  const known = async (): Promise<unknown> => server.command('HLEN', `sluice:{0::${id}}:readers`)
  await eventually('both are known', async () => (await known()) === 2)
  late.detach()
  const text = early.text()
  for (let at = 0; at < 10; at++) {
    tap.pour(1)
    await new Promise((resolve) => setTimeout(resolve, 150))
  }
  expect(started.end).toBeUndefined()
  await started.cancel()
  await expect(text).rejects.toMatchObject({ code: 'SLUICE_ERR_CANCELLED' })
})

test('a look at a stream that is silent carries nothing of its facts, however long they are', async () => {
  await using server = await startRedisServer()
  await using producer = new Instance({ url: server.url })
  await using reader = new Instance({ url: server.url, lookEveryMs: 50 })
  const input = { tokens: 1, everyMs: 3_600_000, note: 'x'.repeat(300_000) }
  const { id } = await producer.count(input as never)
  await reader.read({ id })
  await quiet()
  const sent = async (): Promise<number> =>
    Number(/total_net_output_bytes:(\d+)/.exec(String(await server.command('INFO', 'stats')))![1])
  const looks = async (): Promise<number> =>
    Number(/cmdstat_evalsha:calls=(\d+)/.exec(String(await server.command('INFO', 'commandstats')))![1])
  const [bytesBefore, looksBefore] = [await sent(), await looks()]
  await eventually('it was looked at', async () => (await looks()) > looksBefore + 10, 20_000)
  // What this test itself asks is among it.
  expect((await sent()) - bytesBefore).toBeLessThan(10 * input.note.length)
})
