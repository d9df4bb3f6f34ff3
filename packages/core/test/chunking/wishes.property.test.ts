import { adaptive, boundary, type ChunkingPolicy, type ChunkingWishes, fixed, immediate, paced } from '@sluice/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { resolveReaderOptions } from '../../src/reader/options.ts'
import { check, createCollectingSink, createRig, plainWire, sluiceErrorOf } from '../rig/core-rig.ts'
import { assertLawful, bursts, runPolicy } from './policy-run.ts'

const delay = fc.constantFrom(0, 1, 20, 50, 400)
const builtIn: fc.Arbitrary<ChunkingPolicy> = fc
  .record({ maxDelayMs: delay, kind: fc.constantFrom('immediate', 'adaptive', 'fixed', 'boundary', 'paced') })
  .map(({ maxDelayMs, kind }) => {
    if (kind === 'immediate') return immediate()
    if (kind === 'adaptive') return adaptive({ maxDelayMs })
    if (kind === 'fixed') return fixed({ tokens: 10, maxDelayMs })
    if (kind === 'boundary') return boundary({ maxDelayMs })
    return paced({ tokensPerSecond: 1_000_000, burstTokens: 1_000_000, chunking: fixed({ tokens: 10, maxDelayMs }) })
  })
const wish = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.double({ min: 0.1, max: 5, noNaN: true }))
const wishes: fc.Arbitrary<ChunkingWishes> = fc.record({ maxDelayMs: wish, maxTokens: wish }, { requiredKeys: [] })

test('built-in policies honour wishes: chunks of at most maxTokens, a delay of at most maxDelayMs and of their own', () =>
  check(
    fc.asyncProperty(builtIn, wishes, bursts(), async (policy, wishes, list) => {
      const run = await runPolicy(policy, list, { wishes })
      const { maxDelayMs = Infinity, maxTokens = Infinity } = wishes
      assertLawful(run, { maxDelayMs: Math.min(maxDelayMs, policy.maxDelayMs), maxChunkBytes: 16_384 })
      const most = Math.max(1, Math.floor(maxTokens))
      for (const { fromSeq, toSeq } of run.chunks) expect(toSeq - fromSeq + 1).toBeLessThanOrEqual(most)
    }),
  ))

test('a policy that waits gets nearly all of the delay its client wishes', () =>
  check(
    fc.asyncProperty(bursts(), fc.constantFrom(20, 50, 400), async (list, maxDelayMs) => {
      const { chunks, arrivals } = await runPolicy(fixed({ tokens: 1_000, maxDelayMs: 500 }), list, {
        wishes: { maxDelayMs },
      })
      for (const { fromSeq, toSeq, atMs } of chunks)
        if (toSeq < arrivals.length) expect(atMs - arrivals[fromSeq - 1]!).toBeGreaterThanOrEqual(0.98 * maxDelayMs)
    }),
  ))

test('a client that wants smaller chunks does not wait for larger ones', async () => {
  const list = [...'abcdefgh'].map((token) => ({ waitMs: 10, tokens: [token] }))
  const sizes = async (policy: ChunkingPolicy): Promise<string[]> =>
    (await runPolicy(policy, list, { wishes: { maxTokens: 2 } })).chunks.map(({ text }) => text).slice(0, 4)
  expect(await sizes(fixed({ tokens: 8, maxDelayMs: 1_000 }))).toEqual(['ab', 'cd', 'ef', 'gh'])
  expect(await sizes(adaptive({ firstTokens: 0, maxDelayMs: 1_000 }))).toEqual(['ab', 'cd', 'ef', 'gh'])
  expect(await sizes(boundary({ unit: 'sentence', maxDelayMs: 1_000 }))).toEqual(['ab', 'cd', 'ef', 'gh'])
})

test('a policy that does not look at wishes is not changed by them', async () => {
  const inFours: ChunkingPolicy = {
    name: 'fours',
    maxDelayMs: 100,
    take: ({ pending, wishes }) => (wishes.maxTokens === 1 && pending >= 4 ? 4 : -4),
  }
  const list = [
    { waitMs: 5, tokens: [...'abcdefgh'] },
    { waitMs: 1_000, tokens: [] },
  ]
  const { chunks } = await runPolicy(inFours, list, { wishes: { maxTokens: 1, maxDelayMs: 1 } })
  expect(chunks.slice(0, 2).map(({ text }) => text)).toEqual(['abcd', 'efgh'])
})

describe('what is no wish is refused with its name', () => {
  test.each<[string, unknown]>([
    ...[0, -1, NaN, Infinity, '5', null, true, 10n].flatMap((value): [string, unknown][] => [
      ['"wishes.maxDelayMs"', { maxDelayMs: value }],
      ['"wishes.maxTokens"', { maxTokens: value }],
    ]),
    ['"wishes"', null],
    ['"wishes"', 'fast'],
    ['"wishes"', [1]],
    ['no option "maxChunks" in "wishes"', { maxChunks: 1 }],
  ])('%s', async (name, wishes) => {
    const { sluice } = createRig()
    const stream = await sluice.start(() => ['a'], { as: 'server' })
    const options = { wire: plainWire, wishes: wishes as ChunkingWishes }
    const { code, message } = await sluiceErrorOf(() => stream.deliver(createCollectingSink(), options))
    expect(code).toBe('SLUICE_ERR_OPTION')
    expect(message).toContain(name)
  })

  test('the nearest level wins, and who says nothing wishes nothing', () => {
    const server = resolveReaderOptions({ wishes: { maxTokens: 5 } })
    expect(resolveReaderOptions({ wishes: undefined }, server).wishes).toEqual({ maxTokens: 5 })
    expect(resolveReaderOptions({ wishes: { maxDelayMs: 9 } }, server).wishes).toEqual({ maxDelayMs: 9 })
    expect(resolveReaderOptions({ wishes: { maxTokens: undefined } }).wishes).toBe(resolveReaderOptions({}).wishes)
  })
})
