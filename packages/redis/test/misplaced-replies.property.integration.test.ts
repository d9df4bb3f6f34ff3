import { createSystemRuntime } from '@sluice/core'
import { Scheduler } from '@sluice/core/extend'
import { check, RUNS } from '@sluice/testing'
import { type RedisServer, ReplyMeddler, startRedisServer } from '@sluice/testing/redis'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { AppendBatcher } from '../src/connection/append-batcher.ts'
import { RedisConnection } from '../src/connection/redis-connection.ts'
import { resolveRedisStoreOptions } from '../src/connection/redis-store-options.ts'
import { SCRIPTS } from '../src/protocol/scripts.ts'

const STREAMS = 8

let server: RedisServer
let meddler: ReplyMeddler
let connection: RedisConnection
let batcher: AppendBatcher
const warnings: string[] = []
beforeAll(async () => {
  server = await startRedisServer()
  meddler = await ReplyMeddler.start(server.port)
  const scheduler = new Scheduler(createSystemRuntime(), false)
  const onWarning = (warning: string): void => void warnings.push(warning)
  connection = new RedisConnection(scheduler, resolveRedisStoreOptions({ url: meddler.url, onWarning }))
  batcher = new AppendBatcher(scheduler, connection)
  for (let index = 0; index < STREAMS; index++) {
    // As many events as its number says: no two streams answer alike.
    const meta = { epoch: '1', seq: `${index}`, first: '1', bytes: '0', retention: '1000000', tokens: '0' }
    await server.command('HSET', `s${index}`, ...Object.entries(meta).flat())
  }
})
afterAll(async () => {
  connection.close()
  await meddler[Symbol.asyncDispose]()
  await server.close()
})

interface Question {
  kind: 'read' | 'append'
  /** Which stream is asked about. */
  index: number
}

/** What Redis has of the stream: its number of events. */
async function ask({ kind, index }: Question): Promise<number> {
  const [meta, log] = [`s${index}`, `s${index}:log`]
  if (kind === 'append') {
    const gap = { epoch: 1, after: 100, lastSeq: 101, tokens: 1, firstSeq: 1, payload: '[1,101,"x"]' }
    const [outcome, seq] = await batcher.append({ keys: [meta, log], ...gap })
    expect(outcome).toBe('gap')
    return Number(seq)
  }
  const [fields] = (await connection.run(SCRIPTS.readRecord, [meta, log], ['', ''])) as [string[]]
  return Number(fields[fields.indexOf('seq') + 1])
}

const questions = fc.uniqueArray(
  fc.record({ kind: fc.constantFrom('read' as const, 'append' as const), index: fc.nat(STREAMS - 1) }),
  { minLength: 2, maxLength: 6, selector: ({ kind, index }) => `${kind} ${index}` },
)

describe('a reply is swallowed, comes twice, late or after another, on a connection that lives on', () => {
  test('contract 12: whoever asks gets the answer to that, or an error of the store; then all is as before', () => {
    const property = fc.asyncProperty(
      questions,
      fc.constantFrom('swallow' as const, 'double' as const, 'swap' as const, 'delay' as const),
      fc.nat(),
      fc.boolean(),
      async (asked, meddling, at, forgetful) => {
        // Redis that has forgotten its scripts answers with errors at first.
        if (forgetful) await server.command('SCRIPT', 'FLUSH')
        // Appends of one turn are one command. The last reply is another test's: nothing follows it.
        const commands =
          asked.filter(({ kind }) => kind === 'read').length + (asked.some(({ kind }) => kind === 'append') ? 1 : 0)
        fc.pre(commands > 1)
        let seen = 0
        const meddled = meddler.meddle(meddling, () => seen++ === at % (commands - 1))
        const answers = await Promise.allSettled(asked.map(ask))
        await meddled
        for (const [index, answer] of answers.entries()) {
          if (answer.status === 'fulfilled') expect(answer.value).toBe(asked[index]!.index)
          else expect(answer.reason).toMatchObject({ code: 'SLUICE_ERR_STORE', status: 503 })
        }
        expect(await Promise.all(asked.map(ask))).toEqual(asked.map(({ index }) => index))
      },
    )
    // One run leaves its connection to the next: a failing one is shown as it is, not made smaller.
    return check(property, { numRuns: Math.ceil(RUNS / 20), endOnFailure: true })
  })

  test('contract 12: such a connection is dropped and made anew', async () => {
    const { connections } = meddler
    const meddled = meddler.meddle('swallow')
    const answers = await Promise.allSettled([0, 1, 2, 3].map((index) => ask({ kind: 'read', index })))
    await meddled
    // All are asked again on the new connection: they had no reply of their own on the old one.
    expect(answers).toEqual([0, 1, 2, 3].map((value) => ({ status: 'fulfilled', value })))
    expect(meddler.connections).toBe(connections + 1)
    expect(warnings).toEqual([expect.stringContaining('answers another command')])
  })

  test('contract 12: an answer to nothing shows it as well', async () => {
    const { connections } = meddler
    const meddled = meddler.meddle('double')
    await ask({ kind: 'read', index: 1 })
    await meddled
    expect(await ask({ kind: 'read', index: 2 })).toBe(2)
    expect(meddler.connections).toBe(connections + 1)
  })
})
