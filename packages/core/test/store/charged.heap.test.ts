import { createMemoryStore, createSluice, type SourceItem, type StartOptions, type Store } from '@sluice/core'
import { expect, test } from 'vitest'
import { heldBy } from '../rig/heap.ts'

/** Contract 6: text within a tenth, what is held beside it within a quarter, to either side. */
const TEXT = 0.1
const FIXED = 0.25

interface Kind {
  within: number
  streams: number
  /** What one stream says. */
  says: (stream: number) => Iterable<SourceItem>
  starts?: (stream: number) => Partial<StartOptions>
  runs?: true
}

function* times(count: number, item: (index: number) => SourceItem): Generator<SourceItem> {
  for (let index = 0; index < count; index++) yield item(index)
}
/** Nobody else has the same one. */
let made = 0
const word = (units: number): string => `${made++}`.padStart(units, 'w')
const logprobs = {
  content: [{ token: 'w', logprob: -0.25, bytes: [119], top_logprobs: [{ token: 'v', logprob: -1.5 }] }],
}
const source = (index: number): object => ({ url: `https://example.com/${index}/${made++}`, title: `A page ${index}` })

const kinds: Record<string, Kind> = {
  'a token': { within: FIXED, streams: 1500, says: () => [word(5)] },
  'a short answer': { within: FIXED, streams: 1500, says: () => times(20, () => word(5)) },
  'a long answer': { within: TEXT, streams: 20, says: () => times(20_000, () => word(5)) },
  'an answer in large pieces': { within: TEXT, streams: 50, says: () => times(2_000, () => word(40)) },
  'an answer in Chinese': { within: TEXT, streams: 40, says: () => times(5_000, () => '你好') },
  'an answer with a sign or two beyond ASCII': {
    within: TEXT,
    streams: 40,
    says: () => times(5_000, (at) => (at % 99 ? word(5) : '“…”')),
  },
  'one piece of half a KiB': { within: FIXED, streams: 1000, says: () => [word(600)] },
  'one piece of some KiB': { within: FIXED, streams: 500, says: () => [word(5_000)] },
  'a long piece': { within: TEXT, streams: 20, says: () => [word(300_000)] },
  reasoning: { within: TEXT, streams: 20, says: () => times(10_000, () => ({ type: 'reasoning', text: word(5) })) },
  'arguments of two calls at once': {
    within: TEXT,
    streams: 20,
    says: () => times(10_000, (at) => ({ type: 'tool', phase: 'args', id: `call_${at % 2}`, text: word(5) })),
  },
  'two choices': {
    within: TEXT,
    streams: 20,
    says: () => times(10_000, (at) => ({ type: 'text', choice: at % 2, text: word(5) })),
  },
  'small data': {
    within: FIXED,
    streams: 60,
    says: () =>
      times(300, (at) => ({ type: 'data', name: 'progress', data: { step: at, label: `this is step ${made++}` } })),
  },
  'data of a KiB': {
    within: FIXED,
    streams: 60,
    says: () => times(100, () => ({ type: 'data', name: 'sources', data: [...Array(12).keys()].map(source) })),
  },
  'large data': {
    within: TEXT,
    streams: 40,
    says: () => times(20, () => ({ type: 'data', name: 'image', data: word(12_000) })),
  },
  'text with more of its provider': {
    within: FIXED,
    streams: 60,
    says: () => times(300, () => ({ type: 'text', text: word(5), extra: { logprobs } })),
  },
  'large facts': { within: TEXT, streams: 300, says: () => ['w'], starts: () => ({ meta: { prompt: word(15_000) } }) },
  'facts of many names': {
    within: FIXED,
    streams: 300,
    says: () => ['w'],
    starts: () => ({ meta: Object.fromEntries([...times(300, () => word(12))].map((name) => [name, 1])) }),
  },
  'a stream that runs': { within: FIXED, streams: 1000, says: () => [], runs: true },
  'one that has begun': { within: FIXED, streams: 1000, says: () => times(40, () => `${word(3)}.${made}`), runs: true },
}

test.each(Object.entries(kinds))('contract 6: %s is charged what it takes', async (_, kind) => {
  const stores: Store[] = []
  const { made: store, bytes } = await heldBy(async () => {
    const kept = createMemoryStore({ maxBytes: 2 ** 32 })
    const sluice = createSluice({ store: kept })
    for (let index = 0; index < kind.streams; index++) {
      const stream = await sluice.start(
        async function* ({ signal }) {
          yield* kind.says(index)
          if (kind.runs) await new Promise((resolve) => signal.addEventListener('abort', resolve))
        },
        { as: 'server', onDisconnect: 'continue', ...kind.starts?.(index) },
      )
      await (kind.runs ? new Promise((resolve) => setImmediate(resolve)) : stream.ended)
    }
    stores.push(kept)
    return kept
  })
  const charged = store.usage().bytes
  expect(store.usage().streams).toBe(kind.streams)
  expect(bytes / charged).toBeGreaterThan(1 - kind.within)
  expect(bytes / charged).toBeLessThan(1 + kind.within)
  for (const kept of stores) await kept.dispose()
})
