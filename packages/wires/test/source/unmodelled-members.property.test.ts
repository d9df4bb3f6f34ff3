import type { Json, SourceEvent, SourceItem } from '@sluice/core'
import { openAiChatSource, toChatCompletion } from '@sluice/wires/openai'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { answering } from '../rig/answering.ts'
import { contextOf, dataOf, FACTS, listOf, STOP, STREAM_ID, write } from '../rig/reading.ts'
import { chunkScript, chunkText, expectedOf, type Level, placeOf, type ScriptedChunk } from '../rig/chunk-script.ts'

type Members = Record<string, Json>
const members = (object: unknown): [string, Json][] => Object.entries((object ?? {}) as Members)

/** The events of a script, piece by piece: what is given as soon as a chunk has come. */
async function readChunks(script: readonly ScriptedChunk[]): Promise<SourceEvent[][]> {
  const pieces = script.map((chunk, position) => `data: ${chunkText(chunk, position)}\n\n`)
  const source = openAiChatSource({
    baseUrl: 'http://backend/v1',
    body: { model: 'm' },
    fetch: answering([...pieces, 'data: [DONE]\n\n']),
  })
  const items = (await source(contextOf(new AbortController().signal))) as AsyncIterable<SourceItem[]>
  return (await listOf(items)).map((piece) =>
    piece.map((item) => (typeof item === 'string' ? { type: 'text', text: item } : (item as SourceEvent))),
  )
}

/** What events hold beyond our model: where it was, and what it was. */
function oddOfEvent(event: SourceEvent): string[] {
  const { openai = {} } = (event.extra ?? {}) as { openai?: Partial<Record<Level, Members>> }
  const choice = event.type === 'data' || event.type === 'usage' ? undefined : (event.choice ?? 0)
  const { function: called, ...tool } = openai.tool ?? {}
  const of = (level: Level, object: unknown): string[] =>
    members(object).map(([name, value]) => placeOf(level === 'chunk' ? undefined : choice, { level, name, value }))
  return [
    ...of('chunk', openai.chunk),
    ...of('choice', openai.choice),
    ...of('delta', openai.delta),
    ...of('tool', tool),
    ...of('function', called),
  ]
}

/** The same of one chunk on OpenAI's wire. */
function oddOfChunk(data: unknown): string[] {
  const { id: _, object: _o, created: _c, model: _m, choices, ...chunk } = data as Members & { choices: Members[] }
  const own = members(chunk).map(([name, value]) => placeOf(undefined, { level: 'chunk', name, value }))
  return own.concat(
    choices.flatMap(({ index, delta, finish_reason: _f, ...choice }) => {
      const of = (level: Level, object: unknown): string[] =>
        members(object).map(([name, value]) => placeOf(Number(index), { level, name, value }))
      const { role: _r, content: _t, reasoning_content: _g, tool_calls: calls, ...rest } = delta as Members
      const all = [...of('choice', choice), ...of('delta', rest)]
      for (const call of (calls ?? []) as Members[]) {
        const { index: _i, id: _id, type: _y, function: called, ...tool } = call
        const { name: _n, arguments: _a, ...inside } = called as Members
        all.push(...of('tool', tool), ...of('function', inside))
      }
      return all
    }),
  )
}

/** `found`, cut where the chunks of the script are: as many places as each is expected to have, in any order. */
function byChunk(found: readonly string[], script: readonly ScriptedChunk[]): string[][] {
  let from = 0
  const groups = script.map((chunk) => {
    const to = from + expectedOf(chunk).length
    const group = found.slice(from, to).toSorted()
    from = to
    return group
  })
  return [...groups, found.slice(from)]
}

test('what a chunk carries is given with that chunk, in order, once, under its name, and written back to where it was', async () => {
  await fc.assert(
    fc.asyncProperty(chunkScript, async (script) => {
      const pieces = await readChunks(script)
      const expected = script.map(expectedOf)
      const told = pieces.map((piece) => piece.flatMap(oddOfEvent).toSorted()).filter((odd) => odd.length > 0)
      expect(told).toEqual(expected.filter((odd) => odd.length > 0))

      const events = pieces.flat()
      const chunks = dataOf(write([...events, STOP])).filter((data) => data !== '[DONE]')
      expect(byChunk(chunks.flatMap(oddOfChunk), script)).toEqual([...expected, []])
    }),
    { numRuns: 500 },
  )
})

test('in one body, pieces of lists and of texts are all there, in order, and objects are continued', async () => {
  const kinds = fc.constantFrom('lists', 'texts', 'objects')
  const chunks = fc.array(
    fc.record({ level: fc.constantFrom('chunk', 'choice', 'delta'), kind: kinds, text: fc.boolean() }),
    {
      maxLength: 12,
    },
  )
  await fc.assert(
    fc.asyncProperty(chunks, async (script) => {
      const expected: Record<string, Record<string, unknown>> = { chunk: {}, choice: {}, delta: {} }
      const lines = script.map(({ level, kind, text }, position) => {
        const tag = `t${position} `
        const odd = { lists: [tag], texts: tag, objects: { [tag]: [tag], id: 'same' } }[kind]
        const own = expected[level]!
        const before = own[kind]
        if (kind === 'lists') own[kind] = [...((before as string[] | undefined) ?? []), tag]
        else if (kind === 'objects') own[kind] = { ...(before as object | undefined), ...(odd as object) }
        // Only texts of a delta are pieces of one; elsewhere the last word counts.
        else own[kind] = level === 'delta' ? `${(before as string | undefined) ?? ''}${tag}` : tag
        const at = (here: string): object => (level === here ? { [kind]: odd } : {})
        const delta = { ...(text && { content: 'x' }), ...at('delta') }
        return JSON.stringify({ choices: [{ index: 0, delta, ...at('choice') }], ...at('chunk') })
      })
      const body =
        'data: {"choices":[{"index":0,"delta":{"content":"x"}}]}\n\n' +
        lines.map((line) => `data: ${line}\n\n`).join('')
      const source = openAiChatSource({
        baseUrl: 'http://backend/v1',
        body: { model: 'm' },
        fetch: answering([`${body}data: [DONE]\n\n`]),
      })
      const items = (await source(contextOf(new AbortController().signal))) as AsyncIterable<SourceItem[]>
      const events = (await listOf(items))
        .flat()
        .map((item): SourceEvent => (typeof item === 'string' ? { type: 'text', text: item } : (item as SourceEvent)))
      const completion = toChatCompletion(FACTS, STREAM_ID, [...events, STOP])
      expect(completion).toMatchObject(expected.chunk!)
      expect(completion.choices[0]).toMatchObject(expected.choice!)
      expect(completion.choices[0]!.message).toMatchObject(expected.delta!)
    }),
    { numRuns: 500 },
  )
})
