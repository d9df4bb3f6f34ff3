import { createSluice, type Source, type SourceItem } from '@sluice/core'
import { openAiChatSource } from '@sluice/wires/openai'
import { expect, test } from 'vitest'
import { createVirtualRuntime, type VirtualRuntime } from '../../../testing/src/index.ts'
import { chunk, DONE } from '../rig/fake-backend.ts'
import { contextOf, listOf } from '../rig/reading.ts'

/** A `fetch` whose answer comes piece by piece, one every `everyMs`; then nothing more, or the end. */
function slowly(
  runtime: VirtualRuntime,
  everyMs: number,
  pieces: readonly string[],
  type = 'text/event-stream',
): typeof fetch {
  return async () => {
    let next = 0
    let left = false
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) =>
        new Promise((resolve) => {
          runtime.after(everyMs, () => {
            if (left) return
            const piece = pieces[next++]
            if (piece === undefined) controller.close()
            else controller.enqueue(new TextEncoder().encode(piece))
            resolve()
          })
        }),
      cancel: () => void (left = true),
    })
    return new Response(body, { headers: { 'content-type': type } })
  }
}

const times = (count: number, piece: string): string[] => Array.from({ length: count }, () => piece)
const begun = chunk({ role: 'assistant', content: '' })
const answer = chunk({ content: 'Found.' }) + chunk({}, { finish: 'stop' }) + DONE
const completion = JSON.stringify({ choices: [{ message: { content: 'Found.' }, finish_reason: 'stop' }] })
const progress = chunk({}, { chunk: { choices: [], prompt_progress: { processed: 1 } } })
const empty = chunk({ content: '' })
const call = (value: string): string => chunk({ tool_calls: [{ index: 0, function: { arguments: value } }] })

test.each<[string, string[], string?]>([
  ['comments before the first token', [...times(30, ': still here\n\n'), answer]],
  ['comments after it', [chunk({ content: 'a' }), ...times(30, ': still here\n\n'), answer]],
  ['chunks of what we do not model', [begun, ...times(30, chunk({ reasoning_details: [{ text: 's' }] })), answer]],
  ['the same progress again and again', [...times(30, progress), answer]],
  ['chunks that say nothing', [begun, ...times(30, empty), answer]],
  ['arguments whose name is not there yet', [...times(30, call('[')), call(']'.repeat(30)), answer]],
  ['a chunk that takes its time', [...answer.replace('Found', 'x'.repeat(25)).match(/[^]{1,9}/g)!]],
  ['blank lines before a whole completion', [...times(30, '\n'), completion], 'application/json'],
  ['a whole completion that takes its time', [...completion.match(/.{1,3}/g)!], 'application/json'],
])('contract 4: %s puts the deadlines off', async (_, pieces, type) => {
  const runtime = createVirtualRuntime()
  const sluice = createSluice({ runtime })
  const source = openAiChatSource({
    baseUrl: 'http://backend/v1',
    body: {},
    fetch: slowly(runtime, 9_000, pieces, type),
  })
  const deadlines = { firstTokenMs: 20_000, idleMs: 10_000 }
  const stream = await sluice.start(source, { as: 'server', onDisconnect: 'continue', deadlines })
  for (let piece = 0; piece <= pieces.length && !stream.end; piece++) await runtime.advance(9_000)
  expect(stream.end).toMatchObject({ complete: true })
})

test('contract 4: silence does not', async () => {
  const runtime = createVirtualRuntime()
  const sluice = createSluice({ runtime })
  const source: Source = openAiChatSource({
    baseUrl: 'http://backend/v1',
    body: {},
    fetch: slowly(runtime, 11_000, [begun, ': still here\n\n', answer]),
  })
  const deadlines = { firstTokenMs: 20_000, idleMs: 10_000 }
  const stream = await sluice.start(source, {
    as: 'server',
    onDisconnect: 'continue',
    deadlines: { ...deadlines, firstTokenMs: 10_000 },
  })
  await runtime.advance(60_000)
  expect(stream.end).toMatchObject({ complete: false, cause: 'deadline' })
})

test('what a backend says is given when it comes, a chunk at a time', async () => {
  const runtime = createVirtualRuntime()
  const pieces = [progress, begun, chunk({ audio: { data: 'A' } }), chunk({ audio: { data: 'A' } }), answer]
  const source = openAiChatSource({ baseUrl: 'http://backend/v1', body: {}, fetch: slowly(runtime, 1_000, pieces) })
  const items = (await source(contextOf(new AbortController().signal))) as AsyncIterable<SourceItem>
  const at: number[] = []
  const reading = (async () => {
    for await (const _ of items) at.push(runtime.now())
  })()
  for (let second = 0; second <= pieces.length; second++) await runtime.advance(1_000)
  await reading
  const began = at[0]!
  expect(at.map((ms) => Math.round((ms - began) / 1_000))).toEqual([0, 2, 3, 4])
  expect(await listOf(items)).toEqual([])
})
