import { type Carries, ReplyMeddler, startRedisServer } from '@sluice/testing/redis'
import { describe, expect, test } from 'vitest'

import { Tap } from './rig/counting-source.ts'
import { Instance } from './rig/instance.ts'
import { textBetween } from './rig/text.ts'

/** So long that nothing is found by looking. */
const NEVER_MS = 600_000

describe.concurrent('a connection that listens, and is made anew', () => {
  test.each<{ what: string; carries: Carries; nth: number }>([
    { what: 'the answer to its subscription', carries: 'messages', nth: 0 },
    ...[0, 1, 2, 3, 4, 5].map((nth) => ({ what: `answer ${nth} to a greeting`, carries: 'greetings' as const, nth })),
  ])('contract 2 and 4: $what is lost: messages are heard again', async ({ carries, nth }) => {
    await using server = await startRedisServer()
    await using meddler = await ReplyMeddler.start(server.port)
    await using a = new Instance({ url: meddler.url, lookEveryMs: NEVER_MS, commandMs: 1_000 })
    await using b = new Instance({ url: server.url })
    await Promise.all([a.store.ready(), b.store.ready()])
    const tap = new Tap()
    const { id } = await b.start(tap.source)
    const reading = await a.read({ id })
    tap.pour(1)
    await reading.reached(1)
    let seen = 0
    const lost = meddler.meddle('swallow', () => seen++ === nth, carries)
    meddler.cut()
    await lost
    // One that was missed meanwhile is found when the connection listens again.
    for (let count = 2; count <= 6; count++) {
      tap.pour(1)
      await reading.reached(count)
    }
    tap.finish()
    expect(await reading.ended()).toMatchObject({ reason: 'stop' })
    expect(reading.text).toBe(textBetween(0, 6))
  })
})
