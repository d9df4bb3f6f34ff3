import { type RedisServer, startRedisServer } from '@sluice/testing/redis'
import { describe, expect, test } from 'vitest'

import { Tap } from './rig/counting-source.ts'
import { Instance } from './rig/instance.ts'
import { Reading } from './rig/reading.ts'
import { textBetween } from './rig/text.ts'
import { eventually } from './rig/watched.ts'

interface Touched {
  server: RedisServer
  a: Instance
  b: Instance
  tap: Tap
  id: string
  local: Reading
  remote: Reading
  meta: string
  log: string
}

/** A stream of 50 tokens so far, with a reader on each of two instances, whose keys somebody may touch. */
async function withStream(run: (touched: Touched) => Promise<void>): Promise<void> {
  await using server = await startRedisServer()
  await using a = new Instance({ url: server.url })
  await using b = new Instance({ url: server.url })
  const tap = new Tap()
  const started = await a.start(tap.source)
  const { id } = started
  const [local, remote] = [new Reading(started, 0), await b.read({ id })]
  for (let count = 10; count <= 50; count += 10) {
    tap.pour(10)
    await Promise.all([local.reached(count), remote.reached(count)])
  }
  const meta = `sluice:{0::${id}}`
  await run({ server, a, b, tap, id, local, remote, meta, log: `${meta}:log` })
}

describe.concurrent('somebody else touches what is stored', () => {
  test.for(
    [
      { what: 'DEL of the log', act: ({ server, log }: Touched) => server.command('DEL', log) },
      { what: 'DEL of the meta', act: ({ server, meta }: Touched) => server.command('DEL', meta) },
      { what: 'DEL of both', act: ({ server, meta, log }: Touched) => server.command('DEL', meta, log) },
      { what: 'PEXPIRE 1 of the log', act: ({ server, log }: Touched) => server.command('PEXPIRE', log, '1') },
      { what: 'PEXPIRE 1 of the meta', act: ({ server, meta }: Touched) => server.command('PEXPIRE', meta, '1') },
      { what: 'FLUSHALL', act: ({ server }: Touched) => server.command('FLUSHALL') },
    ].flatMap((fault) => [
      { ...fault, when: 'while its source speaks', speaks: true },
      { ...fault, when: 'while its source is silent', speaks: false },
    ]),
  )('F15: $what, $when: readers are told, the producer does not bring it back (contract 2, 5)', ({ act, speaks }) =>
    withStream(async (touched) => {
      const { server, a, b, tap, id, local, remote, meta, log } = touched
      await act(touched)
      // A moment passes until what was given a millisecond is gone.
      await eventually('it is gone', async () => ((await server.command('EXISTS', meta, log)) as number) < 2, 2_000)
      if (speaks) tap.pour(1)
      expect(await Promise.all([local.cut(10_000), remote.cut(10_000)])).toEqual(['storage', 'storage'])
      await a.abortOf(id)
      expect([local.text, remote.text]).toEqual([textBetween(0, 50), textBetween(0, 50)])
      const entries = (await server.command('XRANGE', log, '-', '+')) as [string, string[]][]
      // Nothing was put behind what is gone.
      for (const [entry] of entries) expect(Number(entry.split('-')[0])).toBeLessThanOrEqual(50)
      await expect(b.read({ id })).rejects.toMatchObject({ code: expect.stringMatching(/NOT_FOUND|GONE/) as string })
      expect(a.settled).toEqual([])
    }),
  )

  test('F15: XTRIM of the head: who is behind is told, who is ahead goes on (contract 2)', () =>
    withStream(async ({ server, a, b, tap, id, local, remote, log }) => {
      await server.command('XTRIM', log, 'MAXLEN', '=', '1')
      await using c = new Instance({ url: server.url })
      await expect(c.read({ id }, { after: `${id}.1.5` })).rejects.toMatchObject({
        code: 'SLUICE_ERR_CURSOR_TRIMMED',
        status: 410,
      })
      tap.pour(10)
      tap.finish()
      expect(await Promise.all([local.ended(), remote.ended()])).toMatchObject([{ reason: 'stop' }, { reason: 'stop' }])
      expect([local.text, remote.text]).toEqual([textBetween(0, 60), textBetween(0, 60)])
      await a.settlementOf(id)
      // Without a cursor one reads from the oldest event there is, here as there.
      const { text, trimmed } = await c.sluice.transcript({ id }, { as: 'server' })
      expect(trimmed).toBe(true)
      expect(textBetween(0, 60).endsWith(text)).toBe(true)
      expect(b.aborted).toEqual([])
    }))

  test('F15: XTRIM of everything: the stream goes on, nobody is shown a gap (contract 2)', () =>
    withStream(async ({ server, tap, id, local, remote, log }) => {
      await server.command('XTRIM', log, 'MAXLEN', '=', '0')
      tap.pour(10)
      tap.finish()
      const readings = [local, remote]
      await Promise.all(readings.map((reading) => reading.until('an outcome', () => reading.over)))
      for (const reading of readings) {
        if (reading.end) expect(reading.text).toBe(textBetween(0, 60))
        else expect(reading.closed).toMatch(/trimmed|storage/)
        expect(reading.tokens).toBeGreaterThanOrEqual(50)
      }
      await using c = new Instance({ url: server.url })
      await expect(c.read({ id }, { after: `${id}.1.5` })).rejects.toMatchObject({ status: 410 })
    }))

  test('F15: rubbish on the channels and in the log: nobody falls over, nothing of it is shown (contract 2, 13)', () =>
    withStream(async ({ server, b, tap, id, local, remote, log }) => {
      for (const rubbish of [
        '',
        '[',
        '[1,2',
        '{}',
        '[1,51,{"type":"end"}',
        'stored:x',
        '{"about":"grant","id":1}',
        'null',
        '[]',
        '["a"]',
      ])
        await server.command('PUBLISH', log, rubbish)
      const instances = (await server.command('PUBSUB', 'CHANNELS', 'sluice:instance:*')) as string[]
      for (const channel of instances)
        for (const rubbish of [
          '',
          '{',
          'null',
          '1',
          `{"about":"readers","id":"${id}"}`,
          `{"about":"end","id":"${id}"}`,
        ])
          await server.command('PUBLISH', channel, rubbish)
      tap.pour(10)
      await Promise.all([local.reached(60), remote.reached(60)])
      tap.finish()
      expect(await Promise.all([local.ended(), remote.ended()])).toMatchObject([{ reason: 'stop' }, { reason: 'stop' }])
      await server.command('XADD', log, '9999-0', 'c', 'rubbish')
      await using c = new Instance({ url: server.url })
      await expect(c.read({ id })).rejects.toMatchObject({ code: 'SLUICE_ERR_STORE' })
      // Who has the whole of it, up to its end, needs nothing of what comes behind.
      expect((await (await b.read({ id })).ended()).reason).toBe('stop')
    }))
})
