import {
  adaptive,
  chunkerOf,
  type ChunkingPolicy,
  createSluice,
  isSluiceError,
  paced,
  type PolicyReader,
  type PolicyView,
} from '@sluice/core'
import { describe, expect, test } from 'vitest'
import {
  chunksOf,
  type CollectingSink,
  createCollectingSink,
  createRig,
  createScriptedSource,
  createVirtualRuntime,
  plainWire,
  type Rig,
  textOf,
} from '../rig/core-rig.ts'
import { runPolicy } from './policy-run.ts'

const AS = { as: 'server' } as const
const READER: PolicyReader = { wishes: {}, resumed: false, backlogEvents: 0 }
/** The source is silent before it ends, which flushes. */
const PAUSE = { waitMs: 1_000, tokens: [] }
const textsOf = (sink: CollectingSink): string[] =>
  chunksOf(sink).map(({ entries }) => entries.map(({ event }) => (event.type === 'text' ? event.text : '')).join(''))

/** Two tokens, then three, then four … */
function growing(created: PolicyReader[] = []): ChunkingPolicy {
  return {
    name: 'growing',
    maxDelayMs: 60_000,
    create(reader) {
      created.push(reader)
      let wanted = 1
      return { take: ({ pending }) => (pending > wanted ? ++wanted : -wanted - 1) }
    },
  }
}

async function startLetters(rig: Rig, letters: string): Promise<string> {
  const steps = [...letters].map((letter) => ({ yield: letter }))
  const { source } = createScriptedSource([...steps, { hang: true }], { runtime: rig.runtime })
  const { id } = await rig.sluice.start(source, { ...AS, onDisconnect: 'continue', deadlines: { idleMs: false } })
  await rig.runtime.flush()
  return id
}

describe('contract 10, a stateful policy', () => {
  test('is created once for each reading, with what is known of it, and remembers each by itself', async () => {
    const rig = createRig()
    const created: PolicyReader[] = []
    const chunking = growing(created)
    const id = await startLetters(rig, 'abcdefghi')
    const sinks: CollectingSink[] = []
    for (const [after, wishes] of [[undefined, {}] as const, [`${id}.1.4`, { maxTokens: 9 }] as const]) {
      const sink = createCollectingSink()
      sinks.push(sink)
      const stream = await rig.sluice.attach({ id }, { ...AS, after })
      stream.deliver(sink, { wire: plainWire, chunking, wishes })
      await rig.runtime.flush()
    }
    expect(sinks.map(textsOf)).toEqual([
      ['ab', 'cde', 'fghi'],
      ['ef', 'ghi'],
    ])
    expect(created).toEqual([
      { wishes: {}, resumed: false, backlogEvents: 9 },
      { wishes: { maxTokens: 9 }, resumed: true, backlogEvents: 5 },
    ])
  })

  test('may be paced, and be wrapped by others', async () => {
    const chunking = paced({ tokensPerSecond: 10, burstTokens: 9, chunking: growing() })
    const list = [{ waitMs: 0, tokens: [...'abcdefghi'] }, PAUSE]
    const { chunks } = await runPolicy(chunking, list)
    expect(chunks.slice(0, 3).map(({ text }) => text)).toEqual(['ab', 'cde', 'fghi'])
    const wrapped: ChunkingPolicy = {
      name: 'wrapped',
      maxDelayMs: 60_000,
      create(reader) {
        const inner = chunkerOf(chunking, reader)
        return { ...inner, take: (view) => (view.pending < 5 ? -5 : inner.take(view)) }
      },
    }
    const run = await runPolicy(wrapped, list)
    expect(run.chunks.slice(0, 3).map(({ text }) => text)).toEqual(['ab', 'cde', 'fghi'])
    expect(paced({ tokensPerSecond: 10 }).name).toBe('paced-10')
  })

  test('caps its chunks whatever makes them leave', async () => {
    const inFours: ChunkingPolicy = {
      name: 'fours',
      maxDelayMs: 30,
      create: () => ({ maxTokens: 4.9, take: () => Infinity }),
    }
    const never: ChunkingPolicy = { name: 'never', maxDelayMs: 30, maxTokens: 4, take: () => 0 }
    for (const policy of [inFours, never]) {
      const list = [{ waitMs: 10, tokens: [...'abcdefghij'] }, { waitMs: 100, tokens: [...'klmno'] }, PAUSE]
      const { chunks } = await runPolicy(policy, list)
      expect(chunks.map(({ text }) => text)).toEqual(['abcd', 'efgh', 'ij', 'klmn', 'o', ''])
    }
  })

  test('gives a later event a shorter bound, which takes those before it along', async () => {
    const bounds = [1_000, 20, 1_000]
    const policy: ChunkingPolicy = {
      name: 'shorter',
      maxDelayMs: 1_000,
      create: () => ({ boundMs: () => bounds.shift()!, take: () => 0 }),
    }
    const list = [{ waitMs: 100, tokens: ['a'] }, { waitMs: 10, tokens: ['b'] }, { waitMs: 5, tokens: ['c'] }, PAUSE]
    const { chunks } = await runPolicy(policy, list)
    expect(chunks[0]).toMatchObject({ text: 'abc', atMs: 130 })
  })
})

test('a policy without state is its own chunker, and built-in ones share theirs among clients without wishes', () => {
  const pure: ChunkingPolicy = { name: 'pure', maxDelayMs: 0, take: () => 1 }
  expect(chunkerOf(pure, READER)).toBe(pure)
  const policy = adaptive()
  const { wishes } = createSluice().readerOptions
  expect(chunkerOf(policy, { ...READER, wishes })).toBe(chunkerOf(policy, { ...READER, wishes }))
})

test('contract 10: credit that comes while a chunk is written lets more leave in the turn after, under a bound of its own', async () => {
  const runtime = createVirtualRuntime()
  const views: number[] = []
  const chunking: ChunkingPolicy = {
    name: 'waiting',
    maxDelayMs: 100,
    create: () => ({
      boundMs(view: PolicyView) {
        views.push(view.pending)
        return 100
      },
      take: ({ position }) => (position < 2 ? 2 : 0),
    }),
  }
  const sluice = createSluice({ runtime })
  const rig = { runtime, sluice }
  const letters = [...'abcdef'].map((letter) => ({ yield: letter }))
  const { source } = createScriptedSource([{ wait: 1_000 }, ...letters, { hang: true }], { runtime })
  const { id } = await rig.sluice.start(source, { ...AS, onDisconnect: 'continue', deadlines: { idleMs: false } })
  const sink = createCollectingSink()
  const write = sink.write.bind(sink)
  sink.write = (bytes) => {
    void sluice.ack({ id }, { ...AS, reader: 'phone', credit: 6 }).catch((error: unknown) => {
      if (!isSluiceError(error)) throw error
    })
    return write(bytes)
  }
  const stream = await sluice.attach({ id }, AS)
  stream.deliver(sink, { wire: plainWire, chunking, name: 'phone', credit: 2 })
  await runtime.advance(1_099)
  expect([textOf(sink), views]).toEqual(['ab', [2, 4]])
  await runtime.advance(1)
  expect(textOf(sink)).toBe('abcdef')
  await sluice.cancel({ id }, AS)
})
