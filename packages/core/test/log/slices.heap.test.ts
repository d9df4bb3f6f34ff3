import { createMemoryStore, createSluice, type SourceItem } from '@sluice/core'
import { expect, test } from 'vitest'
import { heldBy } from '../rig/heap.ts'

const MIB = 1024 * 1024
const STREAMS = 16
/** What all of them may take: each was cut from a text of a MiB. */
const ALLOWED_BYTES = 2 * MIB

let made = 0
/** One flat text, as a parser gives it. */
const large = (): string => Buffer.alloc(MIB, `${made++} `).toString('latin1')

/** Says what there is, holding on to none of it, and then waits for its signal, where it has one. */
function sayAll(items: SourceItem[], signal: AbortSignal | undefined): AsyncIterable<SourceItem> {
  const next = async (): Promise<IteratorResult<SourceItem>> => {
    const value = items.shift()
    if (value !== undefined) return { value }
    if (signal) await new Promise((resolve) => signal.addEventListener('abort', resolve))
    return { value: undefined, done: true }
  }
  return { [Symbol.asyncIterator]: () => ({ next }) }
}

const cuts: [string, (text: string) => Iterable<SourceItem>][] = [
  ['a token', (text) => [text.slice(100, 120)]],
  ['many tokens', (text) => Array.from({ length: 40 }, (_, at) => text.slice(at * 20, at * 20 + 20))],
  ['a piece of half a KiB', (text) => [text.slice(7, 607)]],
  ['what a rope is made of', (text) => [`${text.slice(0, 20)}${text.slice(50, 70)}`]],
  ['reasoning', (text) => [{ type: 'reasoning', text: text.slice(100, 120) }]],
  ['text with more of its provider', (text) => [{ type: 'text', text: text.slice(9, 99), extra: { n: 1 } }]],
  ['data', (text) => [{ type: 'data', name: 'title', data: text.slice(100, 120) }]],
]

test.each(cuts.flatMap(([name, cut]) => [true, false].map((runs) => ({ name, cut, runs }))))(
  'contract 6: $name, cut from a large text, does not keep all of it (the stream runs: $runs)',
  async ({ cut, runs }) => {
    const { made: store, bytes } = await heldBy(async () => {
      const kept = createMemoryStore()
      const sluice = createSluice({ store: kept })
      for (let index = 0; index < STREAMS; index++) {
        const stream = await sluice.start(({ signal }) => sayAll([...cut(large())], runs ? signal : undefined), {
          as: 'server',
          onDisconnect: 'continue',
        })
        await (runs ? new Promise((resolve) => setImmediate(resolve)) : stream.ended)
      }
      return kept
    })
    expect(store.usage().live).toBe(runs ? STREAMS : 0)
    expect(bytes).toBeLessThan(ALLOWED_BYTES)
  },
)

test('contract 6: the last piece of a text that was split does not keep all of it', async () => {
  const { made: store, bytes } = await heldBy(async () => {
    const kept = createMemoryStore({ maxBytes: MIB })
    const sluice = createSluice({
      store: kept,
      stream: { maxEventBytes: 128, windowBytes: 1024, retentionBytes: 2048 },
    })
    for (let index = 0; index < STREAMS; index++) {
      const stream = await sluice.start(() => [large()], { as: 'server', onDisconnect: 'continue' })
      await stream.ended
    }
    return kept
  })
  expect(store.usage().streams).toBe(STREAMS)
  expect(bytes).toBeLessThan(ALLOWED_BYTES)
})
