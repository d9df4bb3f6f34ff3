import { type RedisServer, startRedisServer } from '@sluice/testing/redis'
import { describe, expect, test } from 'vitest'

import { Tap } from './rig/counting-source.ts'
import { Instance } from './rig/instance.ts'
import { Reading } from './rig/reading.ts'
import { textBetween } from './rig/text.ts'

interface Touched {
  server: RedisServer
  meta: string
  log: string
}

interface Fault {
  act(touched: Touched): Promise<unknown>
  /** Whether its source says something then. */
  speaks: boolean
  /** Who cannot go on: its producer need not read what others must. */
  tells: 'everybody' | 'readers elsewhere'
}

/** Longer than it takes until a lease is renewed, or a silent stream is looked at. */
const SOON_MS = 8_000

/** Two streams, each read where it is produced and elsewhere; somebody touches the keys of the first. */
async function withStreams({ act, speaks, tells }: Fault): Promise<void> {
  await using server = await startRedisServer()
  await using a = new Instance({ url: server.url })
  await using b = new Instance({ url: server.url })
  const [tap, other] = [new Tap(), new Tap()]
  const [started, unharmed] = await Promise.all([a.start(tap.source), a.start(other.source)])
  const { id } = started
  const readings = [new Reading(started, 0), await b.read({ id })]
  const others = [new Reading(unharmed, 0), await b.read({ id: unharmed.id })]
  for (const each of [tap, other]) each.pour(10)
  await Promise.all([...readings, ...others].map((reading) => reading.reached(10)))
  const meta = `sluice:{0::${id}}`
  await act({ server, meta, log: `${meta}:log` })
  if (speaks) tap.pour(1)
  const told = tells === 'everybody' ? readings : readings.slice(1)
  await Promise.all(told.map((reading) => reading.until('an outcome', () => reading.over, SOON_MS)))
  for (const reading of told) {
    expect(reading.text).toBe(textBetween(0, 10))
    // Where the record can still take an end, everybody has that of a stream that its store has lost.
    if (reading.end) expect(reading.end).toMatchObject({ reason: 'interrupted', cause: 'storage' })
    else expect(reading.closed).toMatch(/^(?:storage|trimmed)$/)
  }
  if (tells === 'everybody') await a.abortOf(id)
  else {
    await expect(b.read({ id })).rejects.toMatchObject({ code: 'SLUICE_ERR_STORE', status: 503 })
    tap.pour(1)
    await readings[0]!.reached(11)
  }
  // Nobody else is told what became of it.
  other.pour(10)
  other.finish()
  expect(await Promise.all(others.map((reading) => reading.ended()))).toMatchObject([
    { reason: 'stop' },
    { reason: 'stop' },
  ])
  for (const { text } of others) expect(text).toBe(textBetween(0, 20))
}

/** Puts a key of another type in the place of one. */
async function replace(server: RedisServer, key: string): Promise<void> {
  await server.command('EVAL', "redis.call('DEL', KEYS[1]) return redis.call('SET', KEYS[1], 'x')", '1', key)
}

function setField(name: string, value: string) {
  return ({ server, meta }: Touched): Promise<unknown> => server.command('HSET', meta, name, value)
}

const spoilReaders = ({ server, meta }: Touched): Promise<unknown> => replace(server, `${meta}:readers`)
const dropTokens = ({ server, meta }: Touched): Promise<unknown> => server.command('HDEL', meta, 'tokens')
/** As a newer version might go on. */
const goAhead = ({ server, log }: Touched): Promise<unknown> =>
  server.command('XADD', log, '11-0', 'c', '[1,11,{"type":"citation"}]')

describe.concurrent('what stands under the keys of a stream is not what sluice wrote', () => {
  test.each<Fault & { what: string }>([
    ...[true, false].flatMap((speaks): (Fault & { what: string })[] => [
      {
        what: 'the meta is of another type',
        act: ({ server, meta }) => replace(server, meta),
        speaks,
        tells: 'everybody',
      },
      {
        what: 'the log is of another type',
        act: ({ server, log }) => replace(server, log),
        speaks,
        tells: 'everybody',
      },
    ]),
    { what: 'its position is no number', act: setField('seq', 'ten'), speaks: true, tells: 'everybody' },
    { what: 'its position is huge', act: setField('seq', '1e400'), speaks: true, tells: 'everybody' },
    { what: 'its position is far ahead', act: setField('seq', '1000'), speaks: true, tells: 'everybody' },
    { what: 'its oldest event is no number', act: setField('first', '?'), speaks: true, tells: 'everybody' },
    { what: 'its reports are no list', act: spoilReaders, speaks: false, tells: 'everybody' },
    { what: 'its usage is no JSON', act: setField('usage', '{'), speaks: false, tells: 'readers elsewhere' },
    { what: 'a number is not there', act: dropTokens, speaks: true, tells: 'everybody' },
    { what: 'somebody else has gone ahead', act: goAhead, speaks: true, tells: 'everybody' },
  ])('F16: $what (speaks: $speaks): $tells is told, and other streams go on (contract 2)', (fault) =>
    withStreams(fault),
  )
})

describe.concurrent('something beside a stream is not what sluice wrote', () => {
  test('contract 2: a message that is no JSON is dropped, and those behind it reach the source', async () => {
    await using server = await startRedisServer()
    await using a = new Instance({ url: server.url })
    await using b = new Instance({ url: server.url })
    const got: unknown[] = []
    const started = await a.start(async function* ({ inbox }) {
      for await (const message of inbox) {
        got.push(message)
        yield 'x'
        if (message === 'last') return
      }
    })
    const reading = await b.read({ id: started.id })
    await server.command('RPUSH', `sluice:{0::${started.id}}:inbox`, '{"half')
    await b.sluice.send({ id: started.id }, 'last', { as: 'server' })
    expect(await reading.ended()).toMatchObject({ reason: 'stop' })
    expect(got).toEqual(['last'])
    expect(a.warnings.join()).toContain('is dropped')
  })

  test('contract 2: a name that points at no stream is refused, and left as it is', async () => {
    await using server = await startRedisServer()
    await using a = new Instance({ url: server.url })
    await server.command('SET', 'sluice:key:{0::chat}', 'somebody else’s')
    await server.command('RPUSH', 'sluice:key:{0::list}', 'x')
    for (const key of ['chat', 'list']) {
      await expect(a.count({ tokens: 1, everyMs: 0 }, { key })).rejects.toMatchObject({ code: 'SLUICE_ERR_STORE' })
      await expect(a.read({ key })).rejects.toMatchObject({ code: 'SLUICE_ERR_STORE' })
    }
    expect(await server.command('GET', 'sluice:key:{0::chat}')).toBe('somebody else’s')
  })
})
