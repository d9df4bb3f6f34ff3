import type { SourceItem, StreamEvent } from '@sluice/core'
import { attach, connect, sse, start } from '@sluice/client'
import { SEED, sourceEvents } from '@sluice/testing'
import { isSettled, until } from '@sluice/testing/patience'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'

import { startConnectServer } from '../rig/connect-server.ts'
import { createCuedSource } from '../rig/cued-source.ts'
import { QUICK } from '../rig/quick.ts'

const transport = connect()
const [samples] = fc.sample(fc.array(sourceEvents(), { minLength: 30, maxLength: 30 }), { seed: SEED, numRuns: 1 })

async function eventsOf(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const events: unknown[] = []
  for await (const event of stream) events.push(event)
  // What is undefined is not there: wires do not tell the difference.
  return JSON.parse(JSON.stringify(events)) as unknown[]
}

describe('what a reader is given over Connect is what it is given over SSE', () => {
  const ALL: readonly StreamEvent[] = [
    { type: 'text', text: 'Hello', choice: 1, extra: { a: [1, null] } },
    { type: 'reasoning', text: 'hm', as: 'reasoning_content' },
    { type: 'refusal', text: 'no' },
    { type: 'tool', phase: 'call', id: 'c', name: 'look' },
    { type: 'tool', phase: 'args', id: 'c', text: '{"a":' },
    { type: 'tool', phase: 'result', id: 'c', result: null },
    { type: 'tool', phase: 'result', id: 'c', result: { deep: [{ er: true }] } },
    { type: 'tool', phase: 'error', id: 'c', message: 'gone' },
    { type: 'data', name: 'step', data: { of: 3 } },
    { type: 'data', name: 'nothing', data: null },
    { type: 'usage', usage: { inputTokens: 3, outputTokens: 5, totalTokens: 8, extra: { cached: 1 } } },
    { type: 'finish', reason: 'length', choice: 1 },
    { type: 'text', text: '' },
  ]

  test.each<[string, readonly SourceItem[]]>([
    ['every kind of event', ALL as readonly SourceItem[]],
    ...samples!.map((events, index): [string, readonly SourceItem[]] => [`sample ${index}`, events as never]),
  ])('%s', async (_, items) => {
    const server = await startConnectServer({ run: () => () => items })
    const stream = start(server.streams, {}, { transport })
    const events = await eventsOf(stream)
    const { url } = stream.bookmark!
    expect(events).toEqual(await eventsOf(attach({ url }, { transport: sse })))
    expect(events.at(-1)).toMatchObject({ type: 'end', complete: true })
  })

  test.each<[string, () => AsyncGenerator<SourceItem>]>([
    [
      'a failure',
      async function* () {
        yield 'begun'
        throw new Error('broken')
      },
    ],
  ])('%s', async (_, source) => {
    const server = await startConnectServer({ run: () => source })
    const stream = start(server.streams, {}, { transport })
    const events = await eventsOf(stream)
    expect(events).toEqual(await eventsOf(attach({ url: stream.bookmark!.url }, { transport: sse })))
    expect(stream.end).toMatchObject({ reason: 'error', complete: false, cause: 'source' })
    // Nothing is left after its end: how it ended is asked for.
    const again = attach(stream.bookmark!, { transport })
    expect(await again.ended).toEqual(await attach(stream.bookmark!, { transport: sse }).ended)
  })
})

test('contract 8: a cancel goes by Connect, to the services alone', async () => {
  const cued = createCuedSource()
  const server = await startConnectServer({ run: () => cued.source })
  cued.say('Hello')
  const stream = start(server.streams, {}, { transport })
  await until(() => stream.status === 'streaming')
  expect(await stream.cancel()).toMatchObject({ reason: 'cancelled', cause: 'client' })
  expect(await stream.cancel()).toEqual(stream.end ?? (await stream.ended))
  expect(server.asked.filter((asked) => asked.includes('/v1/'))).toEqual([])
  expect(server.asked.at(-1)).toBe('POST /sluice.v1.TokenStreamService/Cancel')
})

test('contract 7: credit comes by HTTP, under the name of the reading', async () => {
  const cued = createCuedSource()
  const server = await startConnectServer({ run: () => cued.source })
  const stream = start(server.streams, {}, { transport })
  await until(() => stream.bookmark)
  expect(await stream.ack({ credit: 2 })).toBe(1)
  cued.say('a', 'b', 'c')
  const events = stream[Symbol.asyncIterator]()
  let text = ''
  while (text.length < 2) text += ((await events.next()).value as { text: string }).text
  expect(text).toBe('ab')
  const more = events.next()
  expect(await isSettled(more)).toBe(false)
  expect(await stream.ack({ credit: 1 })).toBe(1)
  expect((await more).value).toMatchObject({ text: 'c' })
})

describe('contract 2: what is refused', () => {
  test.each([
    ['a stranger, for good', { identify: () => undefined }, 'SLUICE_ERR_UNAUTHORIZED'],
    ['what nobody runs, for good', {}, 'SLUICE_ERR_NOT_FOUND'],
  ] as const)('%s', async (_, grpc, code) => {
    const server = await startConnectServer({ run: () => () => [] }, { run: undefined, ...grpc })
    const stream = start(server.streams, {}, { transport, resume: { ...QUICK, maxAttempts: 3 } })
    await expect(stream.text()).rejects.toMatchObject({ code })
    expect(server.asked.length).toBe(1)
  })

  test('too many streams, until there is room', async () => {
    const cued = createCuedSource()
    const limits = { streamsPerOwner: 1 }
    const server = await startConnectServer({ run: () => cued.source, sluice: { limits } })
    const first = start(server.streams, { which: 1 }, { transport })
    await until(() => first.bookmark)
    const second = start(server.streams, { which: 2 }, { transport, resume: QUICK })
    await until(() => server.asked.length > 3)
    expect(second.status).toBe('connecting')
    await first.cancel()
    await until(() => second.bookmark)
    cued.finish()
    await second.ended
  })

  test('an answer that stops without its status, whatever came before: it is made anew', async () => {
    const server = await startConnectServer({ run: () => () => ['Hello'] })
    let cut = 0
    server.intercept = ({ url }, response) => {
      if (!url?.endsWith('/Start') || cut++ > 2) return false
      response.writeHead(200, { 'content-type': 'application/connect+json' }).end()
      return true
    }
    expect(await start(server.streams, {}, { transport, resume: QUICK }).text()).toBe('Hello')
    expect(cut).toBe(4)
  })
})

test('wishes and the key of a stream are told in the services’ own words', async () => {
  const server = await startConnectServer({ run: () => () => ['Hello'] })
  const stream = start(server.streams, { sluice: { key: 'chat' } }, { transport, wishes: { maxTokens: 1 } })
  onTestFinished(() => stream.detach())
  expect(await stream.text()).toBe('Hello')
  const bodies: string[] = []
  const noting: typeof fetch = async (url, init) => {
    bodies.push(new TextDecoder().decode((init!.body as Uint8Array).subarray(5)))
    return fetch(url, init)
  }
  const again = attach({ url: stream.bookmark!.url }, { transport, wishes: { maxDelayMs: 5 }, fetch: noting })
  expect(await again.text()).toBe('Hello')
  expect(JSON.parse(bodies[0]!)).toMatchObject({ maxDelayMs: 5, ref: { cursor: stream.id! } })
})
