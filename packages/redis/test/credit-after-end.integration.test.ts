import { createSluice, immediate } from '@sluice/core'
import { redisStore } from '@sluice/redis'
import { nativeSse } from '@sluice/sse'
import { createCollectingSink } from '@sluice/testing'
import { startRedisServer } from '@sluice/testing/redis'
import { quiet } from '@sluice/testing/patience'
import { expect, test } from 'vitest'

const AS = { as: { owner: 'ada' } }

test('contract 7: what a name was granted holds for its reader that comes after the end, at an instance that never had the stream', async () => {
  await using redis = await startRedisServer()
  const here = createSluice({ store: redisStore(redis.url), reader: { chunking: immediate() } })
  const elsewhere = createSluice({ store: redisStore(redis.url), reader: { chunking: immediate() } })
  const { id } = await here.start(() => ['one ', 'two ', 'three '], { ...AS, onDisconnect: 'continue' })
  await expect.poll(async () => (await here.info({ id }, AS)).status).toBe('ended')
  await elsewhere.ack({ id }, { ...AS, reader: 'r', credit: 1 })

  const stream = await elsewhere.attach({ id }, AS)
  const sink = createCollectingSink()
  stream.deliver(sink, { wire: nativeSse, name: 'r' })
  await expect.poll(() => sink.text()).toContain('one ')
  await quiet()
  expect(sink.text()).not.toContain('two ')
  await elsewhere.ack({ id }, { ...AS, reader: 'r', credit: 3 })
  await expect.poll(() => sink.text()).toContain('three ')
  await Promise.all([here.drain({ withinMs: 0 }), elsewhere.drain({ withinMs: 0 })])
})
