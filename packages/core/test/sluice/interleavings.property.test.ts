import assert from 'node:assert/strict'
import { type Source, type StreamEvent } from '@sluice/core'
import fc, { type Scheduler } from 'fast-check'
import { test } from 'vitest'
import { check, createScheduledRuntime, lawfulPolicies, type ScheduledRuntime } from '../../../testing/src/index.ts'
import { assertRun, eventsOf, plain } from '../log/logged-run.ts'
import { createWorldOn, logOf, readWithDrops, serve, type World } from '../rig/world.ts'

const AS = 'server'

/** A source whose every token is released by the scheduler, and whose end may come at any time too. */
function sourceOn(scheduler: Scheduler, tokens: number): Source {
  return async function* ({ signal }) {
    for (let index = 1; index <= tokens && !signal.aborted; index++) {
      yield await scheduler.schedule(Promise.resolve(`token ${index} `), `token ${index}`)
    }
    await scheduler.schedule(Promise.resolve(), 'the source finishes')
  }
}

const ONE_MS = 1
/** Timers are released like anything else, so time stands still before the deadlines and the default grace. */
const UNTIL_MS = 14_000

const script = fc.record({
  tokens: fc.nat({ max: 6 }),
  policy: lawfulPolicies(),
  acts: fc.array(fc.constantFrom('drop', 'cancel', 'cancel too', 'late reader', 'detach', 'ended'), { maxLength: 5 }),
  graceMs: fc.constantFrom(0, 1, 15_000),
})

function createScheduledWorld(scheduler: Scheduler): World<ScheduledRuntime> {
  return createWorldOn(createScheduledRuntime(scheduler, { maxLagMs: 20, untilMs: UNTIL_MS }))
}

test('contracts 1, 3, 8, 9: start, read twice, drop, resume, cancel and complete agree on one log and one end, in any order', async () => {
  const property = fc.asyncProperty(fc.scheduler(), script, async (scheduler, { tokens, policy, acts, graceMs }) => {
    const world = createScheduledWorld(scheduler)
    const { runtime, sluice, store } = world
    const stream = await sluice.start(sourceOn(scheduler, tokens), { as: AS, onDisconnect: { graceMs } })
    const { id } = stream
    const log = logOf(store, id)
    const options = { chunking: policy, heartbeatMs: false as const }
    const first = serve(runtime, stream, options)
    const plans = [{ dropAfterWrites: 2, inside: true, missingBytes: 0, awayMs: 0 }]
    const second = readWithDrops(world, { id, plans, ...options })
    const ends: StreamEvent[] = []
    const others: Promise<{ entries: { seq: number; event: StreamEvent; cursor: string }[] }>[] = [second]
    for (const act of acts) {
      void scheduler.schedule(Promise.resolve(), act).then(async () => {
        if (act === 'drop') first.sink.drop()
        if (act === 'detach') first.stream.detach()
        if (act === 'ended') ends.push(await stream.ended)
        if (act === 'cancel') ends.push(await stream.cancel())
        if (act === 'cancel too') ends.push((await sluice.cancel({ id }, { as: AS })).end!)
        if (act === 'late reader') others.push(readWithDrops(world, { id, plans: [], ...options }))
      })
    }
    await runtime.flush()
    const events = eventsOf(log)
    const { end } = log
    assert.ok(end, 'the stream never ended')
    assert.deepEqual(
      events.flatMap(({ type }, index) => (type === 'end' ? [index + 1] : [])),
      [events.length],
    )
    for (const one of ends) assert.deepEqual(one, end)
    assertRun(events, first.understood().entries, 0)
    for (const { entries } of await Promise.all(others)) {
      assertRun(events, entries, 0)
      assert.deepEqual(entries.at(-1)?.event, plain(end))
    }
    const text = events.map((event) => (event.type === 'text' ? event.text : '')).join('')
    const whole = Array.from({ length: tokens }, (_, index) => `token ${index + 1} `).join('')
    assert.ok(end.complete ? text === whole : whole.startsWith(text))
    if (!acts.some((act) => act.startsWith('cancel'))) assert.notEqual(end.cause, 'client')
    assert.deepEqual([sluice.stats().producing, sluice.stats().delivering, log.readers.size], [0, 0, 0])
    assert.ok(runtime.pendingTimers <= 1, 'more than the expiry of the ended stream is left')
  })
  await check(property)
})

test('contract 3: cancel, completion, failure and the last disconnect at one moment leave exactly one end, in any order', async () => {
  const property = fc.asyncProperty(fc.scheduler(), fc.boolean(), async (scheduler, fails) => {
    let told = 0
    const runtime = createScheduledRuntime(scheduler, { untilMs: UNTIL_MS })
    const { sluice, store } = createWorldOn(runtime, { observers: [{ ended: () => void told++ }] })
    const source: Source = async function* () {
      yield 'x'
      await scheduler.schedule(Promise.resolve(), 'source')
      if (fails) throw new Error('x')
    }
    const stream = await sluice.start(source, { as: AS, onDisconnect: 'cancel' })
    const reader = serve(runtime, stream, { heartbeatMs: false })
    const cancelled = scheduler.schedule(Promise.resolve(), 'cancel').then(() => stream.cancel())
    void scheduler.schedule(Promise.resolve(), 'drop').then(() => reader.sink.drop())
    void scheduler.schedule(Promise.resolve(), 'drain').then(() => sluice.drain({ withinMs: ONE_MS }))
    await runtime.flush()
    const log = logOf(store, stream.id)
    assert.deepEqual(await cancelled, log.end)
    assert.equal(told, 1)
    assert.equal(eventsOf(log).filter(({ type }) => type === 'end').length, 1)
  })
  await check(property)
})

test('contract 9: a reader that leaves A while another comes to B never cancels the stream within grace, in any order', async () => {
  const property = fc.asyncProperty(fc.scheduler(), fc.integer({ min: 1, max: 4 }), async (scheduler, moves) => {
    const a = createScheduledWorld(scheduler)
    const b = createWorldOn(a.runtime, { store: a.store })
    const stream = await a.sluice.start(sourceOn(scheduler, 4), { as: AS, onDisconnect: { graceMs: 15_000 } })
    let held = serve(a.runtime, stream, { heartbeatMs: false })
    let moved = Promise.resolve()
    for (let move = 0; move < moves; move++) {
      moved = moved
        .then(() => scheduler.schedule(Promise.resolve(), `move ${move}`))
        .then(async () => {
          held.sink.drop()
          const next = await (move % 2 === 0 ? b : a).sluice.attach({ id: stream.id }, { as: AS })
          if (!next.exhausted) held = serve(a.runtime, next, { heartbeatMs: false })
        })
    }
    await a.runtime.flush()
    await moved
    assert.equal(stream.end?.complete, true, JSON.stringify(stream.end))
  })
  await check(property)
})
