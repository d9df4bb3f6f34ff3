import type { ReaderOptions, SourceItem, StreamOptions } from '@sluice/core'
import fc from 'fast-check'
import {
  createScriptedSource,
  lawfulPolicies,
  type ScriptedSource,
  sourceItems,
  type SourceShape,
  type SourceStep,
} from '../../../testing/src/index.ts'
import type { Runtime } from '@sluice/core'
import type { PeerSpeed } from './line-sink.ts'
import type { ReadingPlan } from './world.ts'

/** A source to be played: its items, with time between some of them. */
export interface SourceScript {
  items: SourceItem[]
  steps: SourceStep[]
  shape: SourceShape
}

const wait = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat({ max: 5 }), fc.nat({ max: 3000 }))

/** Sources that finish by themselves, of every shape. */
export function sourceScripts(maxTokens = 40): fc.Arbitrary<SourceScript> {
  return fc
    .record({
      items: sourceItems({ maxTokens }),
      waits: fc.array(wait, { maxLength: 12 }),
      shape: fc.constantFrom<SourceShape>('async-iterable', 'iterator-without-return', 'readable-stream', 'iterable'),
    })
    .map(({ items, waits, shape }) => {
      const slow = shape === 'iterable' ? [] : waits
      const steps = items.flatMap((item, index): SourceStep[] => {
        const ms = slow.length > 0 ? slow[index % slow.length]! : 0
        return ms > 0 ? [{ wait: ms }, { yield: item }] : [{ yield: item }]
      })
      return { items, steps, shape }
    })
}

/** Makes the source of a script. */
export function play({ steps, shape }: SourceScript, runtime: Runtime): ScriptedSource {
  return createScriptedSource(steps, { runtime, shape })
}

/** Peers from very slow to fast; each reads everything in the end, well before a stall deadline. */
export const peerSpeeds: fc.Arbitrary<PeerSpeed> = fc.record({
  queueBytes: fc.integer({ min: 1, max: 4096 }),
  bytes: fc.integer({ min: 64, max: 4096 }),
  everyMs: fc.integer({ min: 1, max: 200 }),
})

/** What a dropping reader does. */
export function readingPlans(maxReadings = 5): fc.Arbitrary<ReadingPlan[]> {
  return fc.array(
    fc.record({
      dropAfterWrites: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 20 })),
      inside: fc.boolean(),
      missingBytes: fc.oneof(fc.constant(0), fc.nat({ max: 200 })),
      awayMs: fc.oneof(fc.constant(0), fc.nat({ max: 20 }), fc.nat({ max: 14_000 })),
      speed: fc.option(peerSpeeds, { nil: undefined }),
    }),
    { maxLength: maxReadings },
  )
}

/** Ways to serve a reader. */
export const readerOptions: fc.Arbitrary<ReaderOptions> = fc.record({
  chunking: lawfulPolicies(),
  maxChunkBytes: fc.oneof(fc.constant(64), fc.integer({ min: 64, max: 1024 }), fc.constant(16_384)),
  heartbeatMs: fc.constantFrom<number | false>(false, 15_000, 500),
})

/** Ways to keep a stream, with enough retention for any test source. */
export const streamOptions: fc.Arbitrary<StreamOptions> = fc.record({
  windowBytes: fc.oneof(fc.constant(64), fc.integer({ min: 64, max: 2048 }), fc.constant(65_536)),
  maxEventBytes: fc.oneof(fc.constant(16), fc.integer({ min: 16, max: 100 }), fc.constant(16_384)),
})
