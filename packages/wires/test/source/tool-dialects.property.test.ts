import { openAiChatSource } from '@sluice/wires/openai'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { answering } from '../rig/answering.ts'
import { chunk, DONE } from '../rig/fake-backend.ts'
import { eventsOf } from '../rig/reading.ts'

interface Called {
  readonly name: string
  readonly args: string
}

/** How a backend writes calls: what it gives of index, id and name, and how it cuts. */
interface Dialect {
  readonly index: 'own' | 'zero' | 'none'
  readonly id: 'first' | 'every' | 'empty' | 'none' | 'same'
  readonly name: 'first' | 'every'
  readonly cut: 'whole' | 'header' | 'pieces'
  readonly layout: 'one chunk' | 'a chunk each'
}

type Piece = Record<string, unknown>

const dialect: fc.Arbitrary<Dialect> = fc
  .record<Dialect>({
    index: fc.constantFrom('own', 'zero', 'none'),
    id: fc.constantFrom('first', 'every', 'empty', 'none', 'same'),
    name: fc.constantFrom('first', 'every'),
    cut: fc.constantFrom('whole', 'header', 'pieces'),
    layout: fc.constantFrom('one chunk', 'a chunk each'),
  })
  // In one list two names without an id to join them are two calls.
  .filter(
    ({ id, name, cut, layout }) => !(layout === 'one chunk' && name === 'every' && cut !== 'whole' && id !== 'every'),
  )

const args = fc
  .oneof(
    { weight: 1, arbitrary: fc.constant({}) },
    {
      weight: 4,
      arbitrary: fc.dictionary(fc.string({ maxLength: 4 }), fc.oneof(fc.string({ unit: 'binary' }), fc.json()), {
        minKeys: 1,
        maxKeys: 3,
      }),
    },
    {
      weight: 2,
      arbitrary: fc.constantFrom({ a: '}{' }, { a: '"' }, { a: '\\' }, { a: '{"b":"]' }, { a: [{}, [[]]] }),
    },
  )
  .map((object) => JSON.stringify(object))

/** No two are alike: a backend that says a call twice, id and all, says it again. */
const calls: fc.Arbitrary<Called[]> = fc.uniqueArray(
  fc.record({ name: fc.constantFrom('weather', 'time', 'f'), args }),
  { minLength: 1, maxLength: 5, selector: ({ args: text }) => text },
)

function piecesOf({ name, args: text }: Called, position: number, { index, id, name: names, cut }: Dialect): Piece[] {
  const middle = Math.ceil(text.length / 2)
  const cuts = { whole: [text], header: ['', text], pieces: ['', text.slice(0, middle), text.slice(middle)] }[cut]
  return cuts.map((part, at) => ({
    ...(index !== 'none' && { index: index === 'own' ? position : 0 }),
    ...idOf(id, position, at),
    ...(at === 0 && { type: 'function' }),
    function: { ...((at === 0 || names === 'every') && { name }), arguments: part },
  }))
}

function idOf(id: Dialect['id'], position: number, at: number): Piece {
  if (id === 'none') return {}
  if (id === 'empty') return { id: '' }
  if (id === 'same') return { id: 'call' }
  return id === 'every' || at === 0 ? { id: `call_${position}` } : {}
}

async function read(pieces: readonly (readonly Piece[])[]): Promise<(Called & { id: string })[]> {
  const body =
    pieces.map((calling) => chunk({ tool_calls: calling })).join('') + chunk({}, { finish: 'tool_calls' }) + DONE
  const source = openAiChatSource({ baseUrl: 'http://backend/v1', body: { model: 'm' }, fetch: answering([body]) })
  const found: { id: string; name: string; args: string }[] = []
  for (const event of await eventsOf(source)) {
    if (event.type !== 'tool') continue
    if (event.phase === 'call') found.push({ id: event.id, name: event.name, args: '' })
    else if (event.phase === 'args') found.find(({ id }) => id === event.id)!.args += event.text
  }
  return found
}

test('calls come out as they were made, whichever of index, id and name a backend gives, and however it cuts', async () => {
  await fc.assert(
    fc.asyncProperty(calls, dialect, async (made, how) => {
      const pieces = made.map((one, position) => piecesOf(one, position, how))
      const chunks = how.layout === 'one chunk' ? [pieces.flat()] : pieces.flat().map((piece) => [piece])
      const found = await read(chunks)
      expect(found.map(({ name, args: text }) => ({ name, args: text }))).toEqual(made)
      const ids = found.map(({ id }) => id)
      expect(new Set(ids).size).toBe(made.length)
      if (how.id === 'first' || how.id === 'every') expect(ids).toEqual(made.map((_, position) => `call_${position}`))
    }),
    { numRuns: 3000 },
  )
})

test('pieces of parallel calls may come in any order where an index or an id tells them apart', async () => {
  const apart = fc.constantFrom<Pick<Dialect, 'index' | 'id'>>(
    { index: 'own', id: 'first' },
    { index: 'zero', id: 'every' },
    { index: 'none', id: 'every' },
    { index: 'own', id: 'empty' },
  )
  await fc.assert(
    fc.asyncProperty(calls, apart, fc.infiniteStream(fc.nat()), async (made, how, order) => {
      const queues = made.map((one, position) =>
        piecesOf(one, position, { ...how, name: 'first', cut: 'pieces', layout: 'a chunk each' }),
      )
      const chunks: Piece[][] = queues.map((queue) => [queue.shift()!])
      while (queues.some((queue) => queue.length > 0)) {
        const open = queues.filter((queue) => queue.length > 0)
        chunks.push([open[order.next().value! % open.length]!.shift()!])
      }
      const found = await read(chunks)
      expect(found.map(({ name, args: text }) => ({ name, args: text }))).toEqual(made)
    }),
    { numRuns: 500 },
  )
})
