import { createSystemRuntime, type StreamEvent } from '@sluice/core'
import {
  createResumeState,
  type EncoderStart,
  type Entry,
  foldResumeState,
  type Keeping,
  Log,
  type Logged,
  type ResumeState,
  Scheduler,
  type StoredStream,
  type StreamFacts,
} from '@sluice/core/extend'
import { redisStore, type RedisStore } from '@sluice/redis'
import { nativeSse } from '@sluice/sse'
import { check, RUNS, sourceEvents } from '@sluice/testing'
import { until } from '@sluice/testing/patience'
import { type RedisServer, startRedisServer } from '@sluice/testing/redis'
import { openAiChat } from '@sluice/wires/openai'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { RedisConnection } from '../src/connection/redis-connection.ts'
import { resolveRedisStoreOptions } from '../src/connection/redis-store-options.ts'
import { Keys } from '../src/protocol/keys.ts'
import { SCRIPTS } from '../src/protocol/scripts.ts'

/** Streams that are written at the same time. */
const AT_ONCE = 10
const WIRES = [openAiChat, nativeSse]

let server: RedisServer
let connection: RedisConnection
let producing: RedisStore
let streams = 0
beforeAll(async () => {
  server = await startRedisServer()
  connection = new RedisConnection(new Scheduler(createSystemRuntime(), false), resolveRedisStoreOptions(server.url))
  producing = redisStore({ url: server.url, onWarning: () => undefined })
})
afterAll(async () => {
  connection.close()
  await producing.dispose()
  await server.close()
})

/** A stream as it is written: what each entry holds, how much is kept, after which entries Redis has no room. */
interface Writing {
  entries: Logged[][]
  retentionBytes: number
  fullAfter: ReadonlySet<number>
}

const writings: fc.Arbitrary<Writing> = fc
  .record({
    events: sourceEvents({ maxEvents: 40 }),
    sizes: fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 20 }),
    retentionBytes: fc.constantFrom(1, 100, 300, 1_000),
    full: fc.array(fc.nat({ max: 10 }), { maxLength: 2 }),
  })
  .map(({ events, sizes, retentionBytes, full }) => ({
    entries: inEntries(events.map(toLogged), sizes),
    retentionBytes,
    fullAfter: new Set(full),
  }))

/** The text of choice 0 as it is logged. */
function toLogged(event: StreamEvent): Logged {
  return event.type === 'text' && !event.choice && event.extra === undefined ? event.text : event
}

function inEntries(events: readonly Logged[], sizes: readonly number[]): Logged[][] {
  const entries: Logged[][] = []
  for (let at = 0; at < events.length;) {
    const size = sizes[entries.length % sizes.length]!
    entries.push(events.slice(at, at + size))
    at += size
  }
  return entries
}

function factsOf(): StreamFacts {
  const id = `s${String(++streams).padStart(25, '0')}`
  const rest = { key: undefined, meta: {}, wire: undefined, createdAtMs: 0, idempotency: undefined }
  return { id, tenant: '', owner: 'ada', ...rest }
}

/** Writes the stream as its producer does; each list of events is an entry. */
async function write({ entries, retentionBytes, fullAfter }: Writing): Promise<StoredStream> {
  const facts = factsOf()
  const keeping: Keeping = {
    retentionBytes,
    retentionMs: 60_000,
    leaseMs: 10_000,
    windowBytes: 1024,
    durability: 'committed',
  }
  const begun = await producing.begin(facts, keeping)
  if (begun.is !== 'new') throw new Error(`begun: ${begun.is}`)
  const { log } = begun.stream
  const keys = new Keys('sluice:')
  for (const [index, events] of entries.entries()) {
    for (const event of events) log.append(event)
    await until(() => log.stored === log.lastSeq)
    if (fullAfter.has(index)) await connection.run(SCRIPTS.trim, [keys.meta(facts), keys.log(facts)], [1])
  }
  return begun.stream
}

async function readElsewhere({ facts }: StoredStream): Promise<Log> {
  const store = redisStore({ url: server.url, onWarning: () => undefined })
  const found = await store.find(facts)
  await store.dispose()
  if (found.is !== 'stream') throw new Error(`found: ${found.is}`)
  return found.stream.log
}

function stateAfter(events: readonly Logged[]): ResumeState {
  const state = createResumeState()
  for (const event of events) foldResumeState(state, typeof event === 'string' ? { type: 'text', text: event } : event)
  return state
}

/** What a client has got that goes on after `seq`, event by event. */
function bytesAfter(seq: number, entries: readonly Entry[], resumeState: ResumeState): string[] {
  const opened: EncoderStart['opened'] = { type: 'opened', id: 's', cursor: `s.1.${seq}`, meta: {} }
  return WIRES.map((wire) => {
    const encoder = wire.create({ created: 1, model: 'm' }, { ids: true })
    encoder.open({ opened, resumeState, mode: seq === 0 ? 'start' : 'continue', ended: false })
    return entries.map((entry) => String(encoder.encode([entry]))).join('')
  })
}

function singly(log: Log, from: number): Entry[] {
  return Array.from({ length: log.lastSeq - from }, (_, index) => log.read(from + index, 1)).flat()
}

describe('contract 1, 2: a stream whose head was trimmed, at an instance that never had it', () => {
  test('whatever was said, stored together and trimmed, each wire goes on after each cursor as for its one reader', () => {
    const lists = fc.array(writings, { minLength: AT_ONCE, maxLength: AT_ONCE })
    const property = fc.asyncProperty(lists, async (all) => {
      await Promise.all(
        all.map(async (writing) => {
          const stream = await write(writing)
          const log = await readElsewhere(stream)
          const events = writing.entries.flat()
          const whole = new Log('s', 1, { retentionBytes: 1024 * 1024 })
          for (const event of events) whole.append(event)
          expect([log.tokens, log.usage, log.finishReason]).toEqual([whole.tokens, whole.usage, whole.finishReason])
          for (let seq = log.firstSeq - 1; seq <= log.lastSeq; seq++) {
            const state = stateAfter(events.slice(0, seq))
            expect([...log.resumeStateAt(seq).choices]).toEqual([...state.choices])
            expect(bytesAfter(seq, singly(log, seq), log.resumeStateAt(seq))).toEqual(
              bytesAfter(seq, singly(whole, seq), state),
            )
          }
        }),
      )
    })
    return check(property, { numRuns: Math.ceil(RUNS / AT_ONCE / 2) })
  })
})
