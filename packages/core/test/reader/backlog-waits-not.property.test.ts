import { adaptive, boundary, type ChunkingPolicy, fixed, paced } from '@sluice/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { check, createCollectingSink, createRig, createScriptedSource, plainWire, textOf } from '../rig/core-rig.ts'

const SERVER = { as: 'server', onDisconnect: 'continue' } as const

const policies: fc.Arbitrary<ChunkingPolicy> = fc.oneof(
  fc.integer({ min: 1, max: 300 }).map((tokens) => fixed({ tokens, maxDelayMs: 400 })),
  fc
    .constantFrom('word' as const, 'sentence' as const, 'line' as const)
    .map((unit) => boundary({ unit, maxDelayMs: 400 })),
  fc.constant(adaptive({ maxDelayMs: 400 })),
  fc.constant(paced({ tokensPerSecond: 20 })),
)

test('contract 10: what was there before the reader came waits for nothing, whatever the policy', async () => {
  await check(
    fc.asyncProperty(
      fc.array(fc.constantFrom('a', ' b', '.', '\n', 'cd '), { minLength: 1, maxLength: 200 }),
      policies,
      async (tokens, chunking) => {
        const { sluice, runtime } = createRig()
        const source = createScriptedSource([{ yield: tokens }, { wait: 3_600_000 }], { runtime })
        const { id } = await sluice.start(source.source, SERVER)
        await runtime.advance(10)
        const sink = createCollectingSink()
        ;(await sluice.attach({ id }, SERVER)).deliver(sink, { wire: plainWire, chunking, heartbeatMs: false })
        await runtime.advance(1)
        expect(textOf(sink)).toBe(tokens.join(''))
      },
    ),
  )
})
