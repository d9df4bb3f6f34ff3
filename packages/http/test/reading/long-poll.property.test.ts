import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'

import { createMemoryStore, type Sluice, type Store } from '@sluice/core'
import type { Log } from '@sluice/core/extend'
import fc from 'fast-check'
import { test } from 'vitest'

import {
  check,
  createVirtualRuntime,
  drainMicrotasks,
  expectedText,
  stringTokens,
  type VirtualRuntime,
} from '../../../testing/src/index.ts'
import { lineTextOf, poll, type Polled } from '../rig/lines.ts'
import { CHAT, createRig, createScript, type Rig, type Script } from '../rig/rig.ts'

const MAX_CHUNK_BYTES = 256

/** What may happen to a client that polls. */
const act = fc.oneof(
  { weight: 4, arbitrary: fc.record({ is: fc.constant('say' as const), tokens: stringTokens({ maxTokens: 6 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      is: fc.constant('poll' as const),
      wait: fc.constantFrom(0, 1, 5, 50),
      // Its answer is lost on the way, and it asks again with the cursor it has.
      lost: fc.boolean(),
      // It is asked twice at once, and one of the answers is taken.
      twice: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('leave' as const) }) },
  { weight: 2, arbitrary: fc.record({ is: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 14_000 }) }) },
  { weight: 2, arbitrary: fc.record({ is: fc.constant('grant' as const), credit: fc.integer({ min: 1, max: 5 }) }) },
)

interface Client extends Pick<Rig, 'ask'> {
  readonly runtime: VirtualRuntime
  readonly sluice: Sluice
  readonly store: Store
  readonly script: Script
  readonly id: string
  readonly signals: AbortSignal[]
}

async function begin(): Promise<Client> {
  const runtime = createVirtualRuntime()
  const store = createMemoryStore({ runtime })
  const script = createScript()
  script.open()
  const deadlines = { firstTokenMs: false, idleMs: false, totalMs: false } as const
  const { ask, sluice } = createRig(script.source, {
    sluice: { runtime, store, stream: { deadlines }, reader: { maxChunkBytes: MAX_CHUNK_BYTES } },
  })
  // So that a reader that is not counted between its polls ends its stream.
  const json = { ...CHAT, background: true, sluice: { onDisconnect: 'cancel' } }
  const { id } = (await (await ask('POST', '/streams', { json })).json()) as { id: string }
  return { ask, runtime, sluice, store, script, id, signals: [] }
}

function logOf({ store, id }: Client): Log {
  const found = store.find({ tenant: '', id })
  assert.ok(!(found instanceof Promise) && found.is === 'stream')
  return found.stream.log
}

/** Polls, perhaps twice at once, and lets pass the time it takes. Whatever one poll is answered is bounded. */
async function ask(
  client: Client,
  cursor: string,
  { wait, twice }: { wait: number; twice?: boolean },
): Promise<Polled> {
  let answers = 0
  const asking = Array.from({ length: twice ? 2 : 1 }, () => {
    const { signal } = new AbortController()
    client.signals.push(signal)
    return poll(client, cursor, { wait, query: '?reader=me', signal }).finally(() => answers++)
  })
  await client.runtime.flush()
  await drainMicrotasks()
  if (answers < asking.length) await client.runtime.advance(wait * 1_000)
  const [first, second = first] = await Promise.all(asking)
  for (const { lines } of [first!, second!]) {
    const bytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line.text ?? ''), 0)
    assert.ok(bytes <= MAX_CHUNK_BYTES, `${bytes} bytes of text in one answer`)
  }
  assert.deepEqual(second!.lines, first!.lines)
  return second!
}

const seqOf = (cursor: string): number => Number(cursor.split('.')[2] ?? 0)

test('contract 1, 6, 7, 9, 14: whatever is said, lost, asked twice, granted and left, polls give exactly the text, and nothing is left', async () => {
  const property = fc.asyncProperty(fc.array(act, { maxLength: 24 }), async (acts) => {
    const client = await begin()
    const { runtime, script, id } = client
    const log = logOf(client)
    let [cursor, text] = [`${id}.1.0`, '']
    let limit = Infinity
    // The first grant is the first limit; after that credit only rises.
    const raise = (seq: number): void => void (limit = limit === Infinity ? seq : Math.max(limit, seq))
    const take = ({ lines, cursor: next }: Polled): void => {
      for (const line of lines) assert.ok(seqOf(line.cursor!) > seqOf(cursor), 'an event that was known')
      if (lines.some(({ type }) => type !== 'end')) assert.ok(seqOf(next!) <= limit, 'more than was granted')
      const last = lines.at(-1)?.cursor
      if (last !== undefined) assert.equal(next, last)
      text += lineTextOf({ lines })
      cursor = next ?? cursor
    }
    let answeredAtMs = -Infinity
    for (const act of acts) {
      // It is waited for 15 s after an answer, and before its first one not at all.
      if (runtime.now() - answeredAtMs >= 1_000) {
        take(await ask(client, cursor, { wait: 0 }))
        answeredAtMs = runtime.now()
      }
      if (act.is === 'say') for (const token of act.tokens) script.give(token)
      else if (act.is === 'pass') await runtime.advance(act.ms)
      else if (act.is === 'grant') {
        const answer = await client.ask('POST', `/streams/${id}/ack`, {
          json: { reader: 'me', cursor, credit: act.credit },
        })
        const { readers } = (await answer.json()) as { readers: number }
        if (readers > 0) raise(seqOf(cursor) + act.credit)
      } else if (act.is === 'leave') {
        const leaving = new AbortController()
        client.signals.push(leaving.signal)
        const left = poll(client, cursor, { wait: 50, query: '?reader=me', signal: leaving.signal })
        await runtime.flush()
        leaving.abort()
        await left
      } else {
        const answer = await ask(client, cursor, act)
        if (!act.lost) take(answer)
        answeredAtMs = runtime.now()
      }
      await runtime.flush()
    }
    script.finish()
    await runtime.flush()
    assert.equal(log.end?.reason ?? 'none yet', log.end ? 'stop' : 'none yet')
    for (let polls = 0; ; polls++) {
      assert.ok(polls < 500, 'polls that come to nothing')
      const answer = await ask(client, cursor, { wait: 1 })
      if (answer.status === 204) break
      take(answer)
      const json = { reader: 'me', cursor, credit: 10 }
      raise(seqOf(cursor) + 10)
      await client.ask('POST', `/streams/${id}/ack`, { json })
    }
    assert.equal(log.end?.reason, 'stop')
    const said = acts.flatMap((act) => (act.is === 'say' ? act.tokens : []))
    assert.equal(text, expectedText(said))
    await runtime.advance(15_000)
    const { pending, producing, delivering } = client.sluice.stats()
    assert.deepEqual({ pending, producing, delivering }, { pending: 0, producing: 0, delivering: 0 })
    assert.deepEqual([log.readers.size, log.watchers.size], [0, 0])
    for (const signal of client.signals) assert.deepEqual(getEventListeners(signal, 'abort'), [])
    // What the store itself keeps goes with its retention.
    await runtime.advance(3_600_000)
    assert.deepEqual([runtime.pendingTimers, runtime.pendingDeferred], [0, 0])
  })
  await check(property)
})
