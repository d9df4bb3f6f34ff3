import { type ChunkingPolicy, createSluice, paced } from '@sluice/core'
import { describe, expect, test } from 'vitest'
import { createRig, textOf } from '../rig/core-rig.ts'
import { runPolicy } from './policy-run.ts'

/** The source is silent before it ends, which flushes. */
const PAUSE = { waitMs: 1_000, tokens: [] }

describe('contract 2, 13, a policy that breaks its contract cuts its reading with an error that names it', () => {
  const take = (): number => 1
  const throwsOdd = (): never => {
    throw new Error('odd')
  }
  test.each<[string, object]>([
    ['"odd" threw in create: Error: odd', { create: throwsOdd }],
    ['"odd" created no', { create: () => undefined }],
    ['"odd" created no', { create: () => ({ boundMs: 5 }) }],
    ['"odd" answered 0 for maxTokens', { create: () => ({ maxTokens: 0, take }) }],
    ['"odd" answered NaN for maxTokens', { create: () => ({ maxTokens: NaN, take }) }],
    ['"odd" answered 51 for boundMs', { create: () => ({ boundMs: 51, take }) }],
    ['"odd" answered -1 for boundMs', { create: () => ({ boundMs: () => -1, take }) }],
    ['"odd" answered NaN for boundMs', { create: () => ({ boundMs: () => NaN, take }) }],
    ['"odd" answered 9 for boundMs', { create: () => ({ boundMs: () => '9', take }) }],
    ['"odd" threw in boundMs', { create: () => ({ boundMs: throwsOdd, take }) }],
    ['"odd" threw in take', { take: throwsOdd }],
    ['"odd" answered undefined for take', { create: () => ({ take: () => undefined }) }],
    ['"odd" threw in pace', { take, pace: throwsOdd }],
    [
      '"odd" threw in pace: SluiceError: The option "pace.tokensPerSecond" is 0',
      { take, pace: () => ({ tokensPerSecond: 0 }) },
    ],
  ])('%s', async (message, shape) => {
    const errors: unknown[] = []
    const rig = createRig({ observers: [{ failed: (_, { error }) => void errors.push(error) }] })
    const chunking = { name: 'odd', maxDelayMs: 50, ...shape } as ChunkingPolicy
    const { sink } = await runPolicy(chunking, [{ waitMs: 5, tokens: ['a'] }, PAUSE], { rig })
    expect(errors.map(String)).toEqual([expect.stringContaining(message)])
    expect([sink.destroyed, sink.closed, textOf(sink)]).toEqual([true, false, ''])
    expect(rig.sluice.stats()).toMatchObject({ producing: 0, delivering: 0, pending: 0 })
  })

  test.each<[string, unknown]>([
    ['both', { take, create: () => ({ take }) }],
    ['neither', {}],
    ['a create that is no function', { create: { take } }],
  ])('one with %s of the two shapes is refused where it is given', (_, shape) => {
    const chunking = { name: 'odd', maxDelayMs: 50, ...(shape as object) } as ChunkingPolicy
    const refusals = [() => createSluice({ reader: { chunking } }), () => paced({ tokensPerSecond: 1, chunking })]
    for (const refusal of refusals) {
      expect(refusal).toThrow('"chunking" is an object; it must be a policy: { name, maxDelayMs, take(view) } or')
    }
  })
})
