import { createSluice, isSluiceError, type Sluice } from '@sluice/core'
import { redisStore } from '@sluice/redis'
import { nativeSse } from '@sluice/sse'
import { createCollectingSink } from '@sluice/testing'
import { startRedisServer } from '@sluice/testing/redis'
import { expect, test } from 'vitest'

const AS = { as: { owner: 'ada' } }
const STREAM = { windowBytes: 2_048, maxEventBytes: 512, retentionBytes: 16_384, onDisconnect: 'continue' } as const
const TOKENS = 12_000
const STEP = 37

/** What each position is answered with: how many events follow it, or why there are none. */
async function answers(sluice: Sluice, id: string, seqs: readonly number[]): Promise<string[]> {
  const all: string[] = []
  for (const seq of seqs) {
    const cursor = `${id}.1.${seq}`
    const stream = await sluice.attach({ cursor }, AS).catch((error: unknown) => {
      if (isSluiceError(error)) return error.code
      throw error
    })
    all.push(`${seq} ${typeof stream === 'string' ? stream : 'SLUICE_OK'}`)
    if (typeof stream !== 'string') stream.detach()
  }
  return all
}

test.each([4, 200])(
  'contract 1 and 2: a cursor has one answer: at its producer, where it is followed, where nobody knew of it (tokens of %i bytes)',
  async (units) => {
    await using redis = await startRedisServer()
    const open = (): Sluice => createSluice({ store: redisStore(redis.url), stream: STREAM })
    const [producer, follower, other] = [open(), open(), open()]
    let goOn = (): void => {}
    const held = new Promise<void>((resolve) => (goOn = resolve))
    const count = Math.round((TOKENS * 6) / (units + 2))
    const { id } = await producer.start(async function* () {
      for (let index = 1; index <= count; index++) yield `${index}`.padStart(units)
      await held
    }, AS)
    const followed = await follower.attach({ id }, AS)
    const sink = createCollectingSink()
    followed.deliver(sink, { wire: nativeSse })
    await expect.poll(() => sink.text()).toContain(`${count}`)
    await expect.poll(async () => (await producer.info({ id }, AS)).cursor).toBe(`${id}.1.${count}`)

    const seqs = Array.from({ length: Math.ceil(count / STEP) }, (_, at) => at * STEP)
    const expected = await answers(producer, id, seqs)
    const trimmed = expected.filter((answer) => answer.endsWith('TRIMMED')).length
    expect(trimmed).toBeGreaterThan(0)
    expect(trimmed).toBeLessThan(seqs.length)
    // To the very event.
    const edge = Array.from({ length: 2 * STEP }, (_, at) => (trimmed - 1) * STEP + at).filter((seq) => seq > 0)
    const near = await answers(producer, id, edge)
    for (const sluice of [follower, other]) {
      expect(await answers(sluice, id, seqs)).toEqual(expected)
      expect(await answers(sluice, id, edge)).toEqual(near)
    }
    goOn()
    await expect.poll(async () => (await other.info({ id }, AS)).status).toBe('ended')
    for (const sluice of [producer, follower, other]) expect(await answers(sluice, id, edge)).toEqual(near)
    await Promise.all([producer, follower, other].map((sluice) => sluice.drain({ withinMs: 0 })))
  },
)
