import { createSluice, type TokenStream } from '@sluice/core'
import { quiet } from '@sluice/testing/patience'
import { uiMessageStream } from '@sluice/wires/ai-sdk'
import { anthropicMessages } from '@sluice/wires/anthropic'
import { openAiChat, openAiChatSource } from '@sluice/wires/openai'
import { expect, test } from 'vitest'
import { chunk } from '../rig/fake-backend.ts'
import { FACTS, startOf } from '../rig/reading.ts'

const MIB = 1024 * 1024
const FLOOD_BYTES = 48 * MIB
/** The stream's retention, one event beyond it, and what is on its way. */
const ALLOWED_BYTES = 4 * MIB

async function held(): Promise<number> {
  for (let pass = 0; pass < 3; pass++) {
    globalThis.gc!()
    await quiet()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** A backend that says this again and again; gives how much it was asked for. */
function flooding(text: string): { fetch: typeof globalThis.fetch; given: () => number } {
  const bytes = new TextEncoder().encode(text)
  let given = 0
  const body = (): ReadableStream<Uint8Array> =>
    new ReadableStream(
      {
        pull(controller) {
          given += bytes.length
          if (given > FLOOD_BYTES) controller.close()
          else controller.enqueue(bytes.slice())
        },
      },
      { highWaterMark: 0 },
    )
  return {
    fetch: async () => new Response(body(), { headers: { 'content-type': 'text/event-stream' } }),
    given: () => given,
  }
}

async function start(fetch: typeof globalThis.fetch): Promise<TokenStream> {
  const sluice = createSluice({ stream: { onDisconnect: 'continue' } })
  return await sluice.start(openAiChatSource({ baseUrl: 'http://backend/v1', body: { model: 'm' }, fetch }), {
    as: 'server',
  })
}

const large = 'A'.repeat(64_000)
const floods: [string, string][] = [
  ['of a delta, large', chunk({ audio: { id: 'x', data: large } })],
  ['of a delta, small', chunk({ audio: { id: 'x', data: 'A' } }).repeat(500)],
  ['of a choice', chunk({}, { choice: { verdicts: { of: large } } })],
  ['of the chunk', chunk({}, { chunk: { choices: [], progress: large } })],
  ['of the chunk, under ever new names', chunk({}, { chunk: { choices: [], [large.slice(0, 2_000)]: 1 } }).repeat(20)],
  ['of the content', chunk({ content: [{ type: 'image_url', image_url: { url: large } }] })],
  ['of a tool call', chunk({ tool_calls: [{ index: 0, id: 'x', function: { name: 'f' }, signature: large }] })],
]

test.each(floods)(
  'contract 6: a flood of what nobody models, %s, is held within the limits of its stream',
  async (_, piece) => {
    const { fetch, given } = flooding(piece)
    const before = await held()
    const stream = await start(fetch)
    let events = 0
    let peak = 0
    let next = 0
    for await (const _event of stream) {
      events++
      if (given() < next) continue
      next = given() + FLOOD_BYTES / 6
      peak = Math.max(peak, (await held()) - before)
    }
    expect(events).toBeGreaterThan(FLOOD_BYTES / piece.length / 2)
    expect(peak).toBeLessThan(ALLOWED_BYTES)
  },
)

test('contract 7: a reader that does not read stops a backend that floods with what nobody models', async () => {
  const { fetch, given } = flooding(chunk({ audio: { data: large } }))
  const before = await held()
  const stream = await start(fetch)
  const reading = stream[Symbol.asyncIterator]()
  await reading.next()
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve))
  expect(given()).toBeLessThan(MIB)
  expect((await held()) - before).toBeLessThan(ALLOWED_BYTES)
  await stream.cancel()
})

test.each([anthropicMessages, uiMessageStream, openAiChat])(
  'contract 6: who writes an answer on $name does not keep its text',
  async (wire) => {
    const before = await held()
    const encoder = wire.create(FACTS, { ids: false })
    encoder.open(startOf('start'))
    let written = 0
    for (let seq = 1; seq * 16_000 <= FLOOD_BYTES; seq++) {
      // A text of its own each time, of what one event may have.
      const text = `${seq} `.repeat(16_000 / `${seq} `.length)
      written += String(encoder.encode([{ event: { type: 'text', text }, epoch: 1, seq }])).length
    }
    expect(written).toBeGreaterThan(FLOOD_BYTES / 2)
    expect((await held()) - before).toBeLessThan(ALLOWED_BYTES)
    encoder.heartbeat()
  },
)
