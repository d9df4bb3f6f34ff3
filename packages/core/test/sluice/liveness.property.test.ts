import assert from 'node:assert/strict'
import { immediate, type Runtime, type Source } from '@sluice/core'
import fc from 'fast-check'
import { test } from 'vitest'
import { check } from '../../../testing/src/index.ts'
import { createWorld, logOf, serve, settledNow } from '../rig/world.ts'

const AS = 'server'
const sleep = (runtime: Runtime, ms: number): Promise<void> => new Promise((resolve) => void runtime.after(ms, resolve))

/** What happens before the next event: the source says now and then that it works, then yields. */
interface Step {
  touchesMs: number[]
  lastMs: number
}

// Sources live on even milliseconds and deadlines on odd ones, so that no two things are due at once.
const even = (max: number): fc.Arbitrary<number> => fc.nat({ max: max / 2 }).map((half) => 2 * half)
const odd = (max: number): fc.Arbitrary<number> => even(max).map((ms) => ms + 1)
const limit = fc.oneof({ weight: 4, arbitrary: odd(4000) }, { weight: 1, arbitrary: fc.constant<false>(false) })
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ touchesMs: fc.array(even(1500), { maxLength: 3 }), lastMs: even(3000) }),
  { maxLength: 6 },
)

interface Deadlines {
  firstTokenMs: number | false
  idleMs: number | false
  totalMs: number | false
}

/** When a stream ends and by which deadline, by the words of the contract. */
function expectedEnd(steps: readonly Step[], hangs: boolean, deadlines: Deadlines): [number, string] {
  const past = (limitMs: number | false): number => (limitMs === false ? Infinity : limitMs)
  const total = past(deadlines.totalMs)
  let nowMs = 0
  for (const [index, { touchesMs, lastMs }] of [
    ...steps,
    ...(hangs ? [{ touchesMs: [], lastMs: Infinity }] : []),
  ].entries()) {
    const limitMs = past(index === 0 ? deadlines.firstTokenMs : deadlines.idleMs)
    for (const waitMs of touchesMs) {
      if (Math.min(total, nowMs + limitMs) < nowMs + waitMs) return [Math.min(total, nowMs + limitMs), 'deadline']
      nowMs += waitMs
    }
    if (Math.min(total, nowMs + limitMs) < nowMs + lastMs) return [Math.min(total, nowMs + limitMs), 'deadline']
    nowMs += lastMs
  }
  return [nowMs, 'finished']
}

test('contract 4: first-token, idle and total deadlines end a stream to the millisecond; events and touch() put off idle, touch() the first token too; each can be switched off', async () => {
  const property = fc.asyncProperty(
    steps,
    fc.boolean(),
    fc.record({ firstTokenMs: limit, idleMs: limit, totalMs: limit }),
    async (steps, hangs, deadlines) => {
      const [expectedMs, why] = expectedEnd(steps, hangs, deadlines)
      fc.pre(expectedMs < Infinity)
      let endedMs = -1
      const { runtime, sluice, store } = createWorld({ observers: [{ ended: () => void (endedMs = runtime.now()) }] })
      const source: Source = async function* ({ signal, touch }) {
        const stopped = new Promise<never>((_, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason as Error)),
        )
        stopped.catch(() => {})
        for (const { touchesMs, lastMs } of steps) {
          for (const ms of touchesMs) {
            await Promise.race([sleep(runtime, ms), stopped])
            touch()
          }
          await Promise.race([sleep(runtime, lastMs), stopped])
          yield 'x'
        }
        if (hangs) await stopped
      }
      const stream = await sluice.start(source, { as: AS, deadlines })
      serve(runtime, stream, { chunking: immediate() })
      await runtime.advance(60_000)
      const { end } = logOf(store, stream.id)
      assert.deepEqual([endedMs, end?.cause ?? 'finished'], [expectedMs, why])
      assert.equal(end?.complete, why === 'finished')
    },
  )
  await check(property)
})

test('contract 4: while readers hold the source back no pull is outstanding, and neither first token nor idle runs', async () => {
  const property = fc.asyncProperty(
    fc.integer({ min: 1001, max: 100_000 }),
    fc.boolean(),
    async (stalledMs, touches) => {
      const { runtime, sluice, store } = createWorld()
      const source: Source = async function* ({ touch }) {
        for (let index = 0; index < 10; index++) {
          if (touches) touch()
          yield 'x'.repeat(60)
        }
      }
      const stream = await sluice.start(source, {
        as: AS,
        windowBytes: 64,
        deadlines: { idleMs: 1000, firstTokenMs: 1000 },
      })
      const { understood } = serve(runtime, stream, {
        chunking: immediate(),
        stallMs: false,
        closeGraceMs: 3_600_000,
        speed: { queueBytes: 1, bytes: Infinity, everyMs: stalledMs },
      })
      await runtime.advance(40 * stalledMs)
      assert.equal(logOf(store, stream.id).end?.complete, true)
      assert.equal(understood().entries.at(-1)?.event.type, 'end')
    },
  )
  await check(property)
})

test('contract 4: items that bring no event do not keep a dead source alive', async () => {
  const property = fc.asyncProperty(
    fc.constantFrom<string | Uint8Array | []>('', new Uint8Array(), []),
    fc.boolean(),
    fc.integer({ min: 1, max: 900 }),
    async (empty, begun, everyMs) => {
      let endedMs = -1
      const { runtime, sluice } = createWorld({ observers: [{ ended: () => void (endedMs = runtime.now()) }] })
      const source: Source = async function* ({ signal }) {
        if (begun) yield 'x'
        while (!signal.aborted) {
          await sleep(runtime, everyMs)
          yield empty
        }
      }
      const stream = await sluice.start(source, {
        as: AS,
        deadlines: { idleMs: 1000, firstTokenMs: 1000, totalMs: 50_000 },
      })
      serve(runtime, stream)
      await runtime.advance(60_000)
      assert.ok(endedMs >= 1000 && endedMs <= 1000 + everyMs, `the stream ended after ${endedMs} ms`)
    },
  )
  await check(property)
})

test('contract 4: the first-token deadline counts from the start, however the time is split between opening and the first pull', async () => {
  const property = fc.asyncProperty(fc.integer({ min: 0, max: 999 }), async (openingMs) => {
    let endedMs = -1
    const { runtime, sluice } = createWorld({ observers: [{ ended: () => void (endedMs = runtime.now()) }] })
    const source: Source = async ({ signal }) => {
      await sleep(runtime, openingMs)
      return (async function* () {
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
        yield 'never'
      })()
    }
    const stream = await sluice.start(source, { as: AS, deadlines: { firstTokenMs: 1000 } })
    serve(runtime, stream)
    await runtime.advance(5000)
    assert.equal(endedMs, 1000)
  })
  await check(property)
})

test('contract 4: defaults are first token 120 s, idle 60 s, total 1 h, and no reader waits longer', async () => {
  const cases = [
    { steps: 0, everyMs: 0, expectedMs: 120_000 },
    { steps: 1, everyMs: 0, expectedMs: 60_000 },
    { steps: 1e6, everyMs: 50_000, expectedMs: 3_600_000 },
  ]
  for (const { steps, everyMs, expectedMs } of cases) {
    const { runtime, sluice } = createWorld()
    const source: Source = async function* ({ signal }) {
      for (let step = 0; step < steps && !signal.aborted; step++) {
        yield 'x'
        await sleep(runtime, everyMs)
      }
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
    }
    const stream = await sluice.start(source, { as: AS })
    const served = serve(runtime, stream)
    await runtime.advance(expectedMs - 1)
    assert.equal(stream.end, undefined)
    await runtime.advance(1)
    await settledNow(runtime, served.over)
    const end = served.understood().entries.at(-1)?.event
    assert.ok(end?.type === 'end' && end.cause === 'deadline', JSON.stringify(end))
  }
})
