import type { ChunkingPolicy, PolicyView } from '@sluice/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  check,
  createCollectingSink,
  createRig,
  createScriptedSource,
  plainWire,
  sluiceErrorOf,
} from '../rig/core-rig.ts'
import { runPolicy } from './policy-run.ts'

const AS = { as: 'server' } as const

/** Takes everything, and shows each view. */
function showing(show: (view: PolicyView) => void): ChunkingPolicy {
  return {
    name: 'showing',
    maxDelayMs: 0,
    create: () => ({
      boundMs(view) {
        show(view)
        return 0
      },
      take: (view) => view.pending,
    }),
  }
}

describe('view.sourceRate', () => {
  test('is what the source gives, once it has been measured, whatever the rhythm', () =>
    check(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 400 }),
        fc.integer({ min: 1, max: 20 }),
        async (everyMs, tokensEach) => {
          const rates: (number | undefined)[] = []
          const list = Array.from({ length: 30 }, () => ({
            waitMs: everyMs,
            tokens: Array.from({ length: tokensEach }, () => 'a'),
          }))
          await runPolicy(
            showing(({ sourceRate }) => rates.push(sourceRate)),
            list,
          )
          expect(rates[0]).toBeUndefined()
          const [known] = rates.slice(0, -1).filter((rate) => rate !== undefined)
          const tokensPerSecond = (tokensEach * 1_000) / everyMs
          if (everyMs * 29 >= 100) expect(known! / tokensPerSecond).toBeCloseTo(1, 5)
          for (const rate of rates.slice(0, -1)) if (rate !== undefined) expect(rate).toBeCloseTo(known!, 5)
        },
      ),
      { numRuns: 100 },
    ))

  test('follows a source that becomes slower, and falls while it is silent', async () => {
    const rates: number[] = []
    const each = (count: number, waitMs: number): { waitMs: number; tokens: string[] }[] =>
      Array.from({ length: count }, () => ({ waitMs, tokens: ['a'] }))
    await runPolicy(
      showing(({ sourceRate }) => rates.push(sourceRate ?? 0)),
      [...each(100, 10), ...each(50, 200), ...each(1, 20_000)],
    )
    expect(rates[98]).toBeCloseTo(100, 0)
    expect(rates[148]!).toBeGreaterThan(5)
    expect(rates[148]!).toBeLessThan(7)
    expect(rates[150]!).toBeLessThan(0.2)
  })
})

describe('what a client reports', () => {
  test('is unknown until somebody has reported it, is seen in the next decision, and keeps what is not reported anew', async () => {
    const { sluice, runtime } = createRig()
    const seen: unknown[] = []
    const steps = Array.from({ length: 4 }, () => [{ wait: 100 }, { yield: 'a' }]).flat()
    const { source } = createScriptedSource([...steps, { hang: true }], { runtime })
    const stream = await sluice.start(source, AS)
    const chunking = showing(({ rttMs, paintRate }) => seen.push({ rttMs, paintRate }))
    stream.deliver(createCollectingSink(), { wire: plainWire, chunking })
    for (const report of [{}, { rttMs: 80 }, { paintRate: 30 }, { rttMs: 90 }]) {
      stream.report(report)
      await runtime.advance(100)
    }
    expect(seen).toEqual([
      { rttMs: undefined, paintRate: undefined },
      { rttMs: 80, paintRate: undefined },
      { rttMs: 80, paintRate: 30 },
      { rttMs: 90, paintRate: 30 },
    ])
    stream.detach()
    stream.report({ rttMs: 5 })
    await sluice.cancel({ id: stream.id }, AS)
  })

  test('may be reported before the delivery begins', async () => {
    const { sluice, runtime } = createRig()
    const seen: unknown[] = []
    const stream = await sluice.start(() => ['a'], AS)
    stream.report({ paintRate: 12 })
    stream.deliver(createCollectingSink(), { wire: plainWire, chunking: showing((view) => seen.push(view.paintRate)) })
    await runtime.flush()
    expect(new Set(seen)).toEqual(new Set([12]))
  })

  test('wakes a reader whose pace follows it', async () => {
    const { sluice, runtime } = createRig()
    const times: number[] = []
    const { source } = createScriptedSource([...Array.from({ length: 40 }, () => ({ yield: 'a' })), { hang: true }])
    const stream = await sluice.start(source, { ...AS, deadlines: { idleMs: false } })
    const sink = createCollectingSink()
    const write = sink.write.bind(sink)
    sink.write = (bytes) => {
      times.push(runtime.now())
      return write(bytes)
    }
    const chunking: ChunkingPolicy = {
      name: 'follow',
      maxDelayMs: 0,
      pace: ({ paintRate = 1 }) => ({ tokensPerSecond: paintRate, burstTokens: 1 }),
      take: (view) => view.pending,
    }
    stream.deliver(sink, { wire: plainWire, chunking })
    // What a pace lets through comes a hair late.
    await runtime.advance(2_001)
    expect(times.map(Math.round)).toEqual([0, 1_000, 2_000])
    stream.report({ paintRate: 10 })
    await runtime.advance(300)
    expect(times.map(Math.round)).toEqual([0, 1_000, 2_000, 2_101, 2_201, 2_301])
    await stream.cancel()
  })

  test.each<[string, object]>([
    ['"report.rttMs"', { rttMs: 0 }],
    ['"report.rttMs"', { rttMs: NaN }],
    ['"report.paintRate"', { paintRate: Infinity }],
    ['"report.paintRate"', { paintRate: '30' }],
    ['"report.paintRate"', { paintRate: null }],
    ['no option "fps" in "report"', { fps: 60 }],
  ])('is refused with its name where it is no measure: %s in %o', async (name, report) => {
    const { sluice } = createRig()
    const stream = await sluice.start(() => ['a'], AS)
    const { code, message } = await sluiceErrorOf(() => stream.report(report))
    expect([code, message]).toEqual(['SLUICE_ERR_OPTION', expect.stringContaining(name)])
  })
})

test('text and pieces hold what fits into one chunk, so that a decision over a long backlog costs no more than a chunk', async () => {
  const { sluice, runtime } = createRig()
  const tokens = Array.from({ length: 1_000 }, () => 'word ')
  const { id } = await sluice.start(() => [tokens], { ...AS, onDisconnect: 'continue' })
  await runtime.flush()
  const lengths: number[] = []
  const chunking: ChunkingPolicy = {
    name: 'reading',
    maxDelayMs: 50,
    take(view) {
      lengths.push(view.pieces().length, view.text().length / 5)
      return view.pending
    },
  }
  const sink = createCollectingSink()
  const stream = await sluice.attach({ id }, AS)
  // The stream has ended, which flushes: only a policy that is asked reads.
  stream.deliver(sink, { wire: plainWire, chunking, maxChunkBytes: 70 })
  await runtime.flush()
  expect(lengths).toEqual([])

  const { source } = createScriptedSource([{ yield: tokens }, { hang: true }], { runtime })
  const running = await sluice.start(source, AS)
  running.deliver(createCollectingSink(), { wire: plainWire, chunking, maxChunkBytes: 70 })
  await runtime.flush()
  expect(lengths.length).toBeGreaterThan(100)
  expect(Math.max(...lengths)).toBe(10)
  await running.cancel()
})
