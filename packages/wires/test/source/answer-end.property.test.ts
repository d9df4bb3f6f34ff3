import type { SourceEvent } from '@sluice/core'
import { type JsonObject, openAiChatSource } from '@sluice/wires/openai'
import * as fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { answering } from '../rig/answering.ts'
import { chunk, DONE } from '../rig/fake-backend.ts'
import { contextOf, itemsOf, text } from '../rig/reading.ts'

interface Read {
  readonly events: SourceEvent[]
  readonly error: unknown
}

async function read(fetch: typeof globalThis.fetch, body: object = { model: 'm' }): Promise<Read> {
  const events: SourceEvent[] = []
  try {
    for await (const event of itemsOf(
      openAiChatSource({ baseUrl: 'http://backend/v1', body: body as JsonObject, fetch }),
    ))
      events.push(event)
  } catch (error) {
    return { events, error }
  }
  return { events, error: undefined }
}

/** A `fetch` whose answer breaks off after `text`, as a connection does. */
const breaking =
  (bytes: Uint8Array): typeof fetch =>
  async () => {
    let sent = false
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent) controller.error(new Error('The connection broke'))
        else controller.enqueue(bytes)
        sent = true
      },
    })
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  }

const contents = fc.constantFrom('a', '\n', '"', '한', '👩', '[DONE]', 'data: [DONE]')
const script = fc.record({
  choices: fc.array(fc.array(contents, { maxLength: 3 }), { minLength: 1, maxLength: 3 }),
  unfinished: fc.option(fc.nat(2)),
  usage: fc.boolean(),
  done: fc.boolean(),
  lineEnd: fc.constantFrom('\n', '\r\n'),
})

/** Whether data up to here is a whole answer, by the words of the rule; `undefined` inside of what cannot be read. */
function isWhole(body: string): boolean {
  const begun = new Set<number>()
  const finished = new Set<number>()
  for (const line of body.split(/\r?\n/)) {
    if (!line.startsWith('data:')) continue
    const data = line.slice(5).trim()
    if (data === '[DONE]') return begun.size > 0
    if (data === '') continue
    try {
      const { choices } = JSON.parse(data) as { choices: { index: number; finish_reason: string | null }[] }
      for (const { index, finish_reason: finish } of choices) {
        begun.add(index)
        if (finish !== null) finished.add(index)
      }
    } catch {
      return false
    }
  }
  return begun.size > 0 && finished.size === begun.size
}

test('contract 2: an answer is whole with [DONE], or when all that began has finished and its body ended whole; cut anywhere else it is not', async () => {
  await fc.assert(
    fc.asyncProperty(
      script,
      fc.nat(),
      fc.boolean(),
      async ({ choices, unfinished, usage, done, lineEnd }, cutAt, breaks) => {
        const parts = choices.flatMap((texts, index) => texts.map((content) => chunk({ content }, { index })))
        const ends = choices.flatMap((_, index) => (index === unfinished ? [] : [chunk({}, { index, finish: 'stop' })]))
        const counts = usage ? [`data: ${JSON.stringify({ choices: [], usage: { total_tokens: 1 } })}\n\n`] : []
        const all = [...parts, ...ends, ...counts, ...(done ? [DONE] : [])].join('').replaceAll('\n', lineEnd)
        const bytes = new TextEncoder().encode(all)
        const cut = bytes.subarray(0, 1 + (cutAt % (bytes.length + 8)))
        const received = new TextDecoder().decode(cut)
        const { error } = await read(breaks ? breaking(cut) : answering([cut]))
        const said = isWhole(received) && (!breaks || /^data: \[DONE\]\r?\n[\r\n]/m.test(received))
        expect([error === undefined, received]).toEqual([said, received])
      },
    ),
    { numRuns: 2000 },
  )
})

test('an answer in one piece is whole when its JSON is', async () => {
  const completion = JSON.stringify({ choices: [{ message: { content: 'a{"b' }, finish_reason: 'stop' }] })
  for (let end = 1; end <= completion.length; end++) {
    const { events, error } = await read(answering([completion.slice(0, end)]))
    const whole = end === completion.length
    expect([events.length > 0, error === undefined]).toEqual([whole, whole])
  }
})

test('a last event without its blank line, or the end of its line, is read', async () => {
  for (const last of [chunk({ content: 'b' }, { finish: 'stop' }), DONE]) {
    for (const end of ['', '\n', '\r', '\r\n', '\n\n']) {
      const { events, error } = await read(answering([chunk({ content: 'a' }) + last.trimEnd() + end]))
      expect([error, events[0]]).toEqual([undefined, text('a')])
    }
  }
})

test.each([['null'], ['']])('a finish_reason of %j is none', async (word) => {
  const { error } = await read(answering([chunk({ content: 'a' }, { finish: word })]))
  expect(error).toMatchObject({ code: 'SLUICE_ERR_BACKEND' })
})

afterEach(() => vi.useRealTimers())

test('a body that stays open after the finish is not waited for, unless more was asked for', async () => {
  vi.useFakeTimers()
  const cancelled: number[] = []
  const open = (bytes: string): typeof fetch => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode(bytes)),
      cancel: () => void cancelled.push(Date.now()),
    })
    return async () => new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  }
  const finished = chunk({ content: 'a' }) + chunk({}, { finish: 'stop' })
  let over = 0
  for (const [bytes, body] of [
    [finished, { model: 'm' }],
    [chunk({ content: 'a' }), { model: 'm' }],
    [finished, { model: 'm', n: 2 }],
  ] as const) {
    void read(open(bytes), body).then(({ error }) => (over += error === undefined ? 1 : 100))
  }
  await vi.advanceTimersByTimeAsync(9_000)
  expect(over).toBe(0)
  await vi.advanceTimersByTimeAsync(120_000)
  expect([over, cancelled.length]).toEqual([1, 1])
})

test('what comes after the finish puts that off', async () => {
  vi.useFakeTimers()
  let send: (bytes: string) => void = () => {}
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => void (send = (bytes) => controller.enqueue(new TextEncoder().encode(bytes))),
  })
  const fetch = async (): Promise<Response> => new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  const abort = new AbortController()
  const source = openAiChatSource({ baseUrl: 'http://backend/v1', body: {}, fetch })
  const items = (await source(contextOf(abort.signal))) as AsyncIterable<SourceEvent[]>
  const events: SourceEvent[] = []
  const reading = (async () => {
    for await (const piece of items) events.push(...piece)
  })()
  send(chunk({ content: 'a' }) + chunk({}, { finish: 'stop' }))
  await vi.advanceTimersByTimeAsync(9_000)
  send(': still here\n\n')
  await vi.advanceTimersByTimeAsync(9_000)
  send(`data: {"choices":[],"usage":{"total_tokens":3}}\n\n`)
  await vi.advanceTimersByTimeAsync(11_000)
  await reading
  expect(events.at(-1)).toEqual({ type: 'usage', usage: { totalTokens: 3 } })
})
