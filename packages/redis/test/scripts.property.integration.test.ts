/* oxlint-disable vitest/no-conditional-expect -- a model says what is to be expected */
import { createSystemRuntime } from '@sluice/core'
import { Scheduler } from '@sluice/core/extend'
import { check, RUNS } from '@sluice/testing'
import { type RedisServer, startRedisServer } from '@sluice/testing/redis'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { Chunk } from '../src/protocol/chunk-codec.ts'
import { RedisConnection } from '../src/connection/redis-connection.ts'
import { Keys } from '../src/protocol/keys.ts'
import { resolveRedisStoreOptions } from '../src/connection/redis-store-options.ts'
import { SCRIPTS } from '../src/protocol/scripts.ts'
import { type Attempt, attemptLists, CUT, STOP } from './record-attempts.ts'
import { type Asked, RecordModel } from './record-model.ts'
import { type Kept, ScriptRunner } from './script-runner.ts'

/** Lists that run at the same time, each on a stream of its own. */
const AT_ONCE = 10

let server: RedisServer
let connection: RedisConnection
let streams = 0
beforeAll(async () => {
  server = await startRedisServer()
  connection = new RedisConnection(new Scheduler(createSystemRuntime(), false), resolveRedisStoreOptions(server.url))
  // Known beforehand: a script that must be sent in full would come after those that need not.
  for (const { texts } of Object.values(SCRIPTS)) await server.command('SCRIPT', 'LOAD', texts.plain.lua)
  await connection.ping()
})
afterAll(async () => {
  connection.close()
  await server.close()
})

interface Ran {
  asked: Asked[]
  answers: string[]
  model: RecordModel
  kept: Kept | undefined
}

/** The model first: it knows what to ask. Then Redis, all in one go. */
async function run(attempts: readonly Attempt[]): Promise<Ran> {
  const model = new RecordModel()
  const asked = attempts.flatMap((attempt) => model.attempt(attempt))
  const runner = new ScriptRunner(connection, new Keys('test:'), `s${++streams}`)
  await runner.begin()
  const answers = await Promise.all(asked.map((each) => runner.ask(each)))
  return { asked, answers, model, kept: await runner.kept() }
}

function always(thirdParty: boolean, judge: (ran: Ran) => void | Promise<void>): Promise<void> {
  const lists = fc.array(attemptLists({ thirdParty }), { minLength: AT_ONCE, maxLength: AT_ONCE })
  const property = fc.asyncProperty(lists, async (all) => {
    for (const ran of await Promise.all(all.map(run))) await judge(ran)
  })
  return check(property, { numRuns: Math.ceil((3 * RUNS) / AT_ONCE) })
}

const seqsOf = (entries: readonly Chunk[]): number[] => RecordModel.flat(entries).map(({ seq }) => seq)

describe('I23: the scripts answer as the pure record machine does', () => {
  test('I23: every append, renewal, close, take-over and erase has the same outcome, whoever reaches into Redis', () =>
    always(true, ({ asked, answers, model, kept }) => {
      expect(answers).toEqual(asked.map(({ answer }) => answer))
      expect(kept === undefined).toBe(model.meta === 'gone')
      if (!kept) return
      const { epoch, seq, end } = model.state
      expect([kept.epoch, kept.seq, kept.erased]).toEqual([epoch, seq, model.meta === 'erased'])
      // Usage is what the script adds to an end from outside.
      if (end) expect(kept.end).toMatchObject(end)
      else expect(kept.end).toBeUndefined()
      expect(RecordModel.flat(kept.entries)).toMatchObject(RecordModel.flat(model.entries))
    }))

  test('I6: the log is exactly what was accepted, under seqs 1, 2, 3 …, and epochs in it never fall', () =>
    always(false, ({ asked, answers, kept }) => {
      const accepted = asked.filter(({ command }, index) => command?.type === 'append' && answers[index] === 'ok')
      const own = kept!.entries.filter(({ events }) => !isCut(events))
      expect(own).toEqual(accepted.map(({ chunk }) => chunk))
      expect(seqsOf(kept!.entries)).toEqual(Array.from({ length: kept!.seq }, (_, index) => index + 1))
      const epochs = kept!.entries.map(({ epoch }) => epoch)
      expect(epochs).toEqual(epochs.toSorted((a, b) => a - b))
    }))

  test('I4: a stream ends once, with its last event, and says so wherever it is asked', () =>
    always(false, ({ kept }) => {
      const events = RecordModel.flat(kept!.entries)
      const ends = events.filter(({ event }) => typeof event !== 'string' && event.type === 'end')
      expect(ends.length).toBe(kept!.end === undefined ? 0 : 1)
      if (!kept!.end) return
      expect(ends[0]).toMatchObject({ seq: kept!.seq, event: kept!.end })
      expect([STOP.reason, CUT.reason]).toContain((kept!.end as { reason: string }).reason)
    }))

  test('I7: whatever replies are lost, a repeated append leaves what it would have left once', () => {
    const property = fc.asyncProperty(attemptLists({ thirdParty: false }), async (attempts) => {
      const once = attempts
        .filter((attempt) => attempt.do !== 'repeat')
        .map((attempt) => (attempt.do === 'append' ? { ...attempt, repliesLost: 0 } : attempt))
      const many = attempts.map((attempt) => (attempt.do === 'append' ? { ...attempt, repliesLost: 3 } : attempt))
      const [calm, faulty] = await Promise.all([run(once), run(many)])
      expect(faulty.kept).toEqual(calm.kept)
    })
    return check(property)
  })
})

function isCut(events: Chunk['events']): boolean {
  const [event] = events
  return typeof event === 'object' && event.type === 'end' && event.reason === CUT.reason
}
