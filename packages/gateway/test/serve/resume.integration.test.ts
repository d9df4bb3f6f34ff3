import { startChaosProxy } from '@sluice/testing/chaos-proxy'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readEventSource } from '../rig/event-source-reader.ts'
import { readUntil, startNative, textOf } from '../rig/native-client.ts'
import { chunk, DONE, type Exchange, type Stage, startStage } from '../rig/stage.ts'

let stage: Stage

beforeAll(async () => {
  stage = await startStage()
})
afterAll(() => stage[Symbol.asyncDispose]())

const TOKENS = Array.from({ length: 400 }, (_, index) => `⟨${index}⟩\r\n`)
const TEXT = TOKENS.join('')

/** A backend that says its first token, and the others one by one when it is told to. */
function onCue(): { model: string; go: () => void } {
  const cue = Promise.withResolvers<void>()
  const { model } = stage.behave(async (exchange: Exchange) => {
    exchange.stream()
    await exchange.send(chunk({ role: 'assistant', content: TOKENS[0] }))
    await cue.promise
    await exchange.send(...TOKENS.slice(1).map((content) => chunk({ content })), chunk({}, { finish: 'stop' }), DONE)
    exchange.response.end()
  })
  return { model, go: cue.resolve }
}

test('an EventSource on Content-Location reads the whole text and stops on 204', async () => {
  const { model, go } = onCue()
  await using started = await startNative(stage.api, { model })
  expect(started.response.headers.get('content-location')).toBe(`/v1/streams/${started.id}`)
  using reader = readEventSource(started.location)
  await reader.untilText(1)
  go()
  await reader.closed
  expect(reader.text).toBe(TEXT)
  expect(reader.statuses).toEqual([200, 204])
  expect(reader.events[0]).toMatchObject({ type: 'opened', data: { id: started.id } })
  expect(reader.events.at(-1)).toMatchObject({ type: 'end', data: { reason: 'stop', complete: true } })
  expect(reader.events.filter(({ type }) => type === 'end')).toHaveLength(1)
  expect(textOf(await readUntil(started, 'end'))).toBe(TEXT)
})

/** Bytes after which connections are cut: anywhere, in the head, inside an event, inside a character. */
function randomCuts(seed: number): number[] {
  let state = seed
  const next = (): number => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 1)
  return Array.from({ length: 4 }, () => 1 + (next() % 2_500))
}

const SEED = Date.now() % 100_000

describe('connections that are cut at random bytes', () => {
  test.each([
    ['rst', SEED],
    ['fin', SEED + 1],
    ['rst', SEED + 2],
    ['fin', SEED + 3],
  ] as const)('lose and repeat nothing (%s, seed %i)', { concurrent: true }, async (how, seed) => {
    const { model, go } = onCue()
    await using started = await startNative(stage.api, { model })
    await using proxy = await startChaosProxy({ target: { port: stage.gateway.port }, toClient: { split: 512 } })
    using reader = readEventSource(started.location.replace(String(stage.gateway.port), String(proxy.port)))
    const cuts = randomCuts(seed)
    const cutNext = (): void => {
      const afterBytes = cuts.shift()
      if (afterBytes !== undefined) proxy.cut({ how, afterBytes })
    }
    reader.source.addEventListener('error', cutNext)
    cutNext()
    go()
    await reader.closed
    expect(cuts).toEqual([])
    expect(reader.text).toBe(TEXT)
    expect(reader.statuses.at(-1)).toBe(204)
    expect(reader.statuses.length).toBeGreaterThan(4)
    // Each request but the first carries the cursor of the last event seen; cursors only grow.
    const ids = reader.events.map(({ id }) => Number(id.split('.')[2] ?? 0)).filter((seq) => seq > 0)
    expect(ids).toEqual(ids.toSorted((a, b) => a - b))
    expect(new Set(ids).size).toBe(reader.events.filter(({ type }) => type !== 'opened').length)
  })
})

test('the stream goes on while its reader is cut off, and ends complete for a second one', async () => {
  const { model, go } = onCue()
  const started = await startNative(stage.api, { model })
  await readUntil(started, 'text')
  await started[Symbol.asyncDispose]()
  go()
  using reader = readEventSource(started.location)
  await reader.closed
  expect(reader.text).toBe(TEXT)
})

test('a key leads an EventSource to the live stream, and the cursor brings it back after the end', async () => {
  const { model, go } = onCue()
  const key = `chat-${SEED}`
  await using started = await startNative(stage.api, { model, sluice: { key } })
  await using proxy = await startChaosProxy({ target: { port: stage.gateway.port } })
  using reader = readEventSource(`http://127.0.0.1:${proxy.port}/v1/streams?key=${key}`)
  await reader.untilText(1)
  proxy.cut({ how: 'rst' })
  go()
  await reader.closed
  expect(reader.text).toBe(TEXT)
  expect(reader.statuses.at(-1)).toBe(204)
  expect(reader.sent.at(-1)).toBe(reader.events.at(-1)?.id)
  await readUntil(started, 'end')
})

test('a page that is loaded again goes on from its cursor, by ?after= or by a cursor in the path', async () => {
  const { model, go } = onCue()
  await using started = await startNative(stage.api, { model })
  const cursor = (await readUntil(started, 'text')).at(-1)!.id!
  go()
  await readUntil(started, 'end')
  for (const url of [`${started.location}?after=${cursor}`, `${stage.api}/streams/${cursor}`]) {
    using reader = readEventSource(url)
    await reader.until(({ type }) => type === 'end')
    expect(reader.text).toBe(TOKENS.slice(1).join(''))
  }
})
