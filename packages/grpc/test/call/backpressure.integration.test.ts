import { DEFAULT_READER_OPTIONS, DEFAULT_STREAM_OPTIONS } from '@sluice/core'
import { StartRequestSchema } from '@sluice/grpc/v1'
import { untilStill } from '@sluice/testing/patience'
import { expect, test } from 'vitest'

import { beginCall, encode, openSession } from '../rig/http2-client.ts'
import { connect, hear, type Message, open, saying, startRig } from '../rig/rig.ts'

/** A source that gives as long as it is pulled, and counts. */
function endless(tokenBytes: number): { source: () => AsyncGenerator<string>; pulled(): number } {
  let pulled = 0
  return {
    async *source() {
      for (let index = 0; ; index++) {
        if (index % 16 === 0) await new Promise((resolve) => setImmediate(resolve))
        pulled += tokenBytes
        yield String(index).padEnd(tokenBytes, '.')
      }
    },
    pulled: () => pulled,
  }
}

const { windowBytes } = DEFAULT_STREAM_OPTIONS
const { queueBytes, maxChunkBytes } = DEFAULT_READER_OPTIONS

test.each([20, 1_000, 10_000])(
  'contract 7: a client that never opens its window of 64 KiB stops the source within window and caps: tokens of %i bytes',
  async (tokenBytes) => {
    const { source, pulled } = endless(tokenBytes)
    await using rig = await startRig(source)
    const session = openSession(rig.url, { initialWindowSize: 65_535 })
    const call = beginCall(session, 'Start', encode(StartRequestSchema))
    call.pause()
    const bytes = await untilStill(pulled, { above: windowBytes })
    // The client's window, the queue and the chunk being admitted, the stream's own window: nothing else holds text.
    expect(bytes).toBeLessThanOrEqual(65_535 + queueBytes + maxChunkBytes + windowBytes + tokenBytes)
    session.destroy()
  },
)

test('contract 7: grpc-js that read once and paused stops the source, and gets every token when it goes on', async () => {
  const tokens = Array.from({ length: 3_000 }, (_, index) => String(index).padEnd(200, '.'))
  let pulled = 0
  await using rig = await startRig(async function* () {
    for (const token of tokens) {
      await new Promise((resolve) => setImmediate(resolve))
      pulled++
      yield token
    }
  })
  using client = connect(rig)
  const call = open(client, 'Start', {})
  const first = await new Promise<Message>((resolve) => call.once('data', resolve))
  call.pause()
  const before = await untilStill(() => pulled)
  expect(before).toBeLessThan(tokens.length)
  const rest = hear(call)
  call.resume()
  const heard = await rest
  expect(heard.status.code).toBe(0)
  const firstText = ((first['events'] as unknown as Message[]) ?? [])
    .map((event) => String(event['text'] ?? ''))
    .join('')
  expect(firstText + heard.text).toBe(tokens.join(''))
})

test('contract 6: a client that does not read is told so at its stall deadline, and its cursor stays good', async () => {
  // More than the client's window takes, less than is kept.
  const tokens = Array.from({ length: 500 }, (_, index) => `${index + 1}`.padEnd(1_000, '.'))
  await using rig = await startRig(saying(...tokens), { sluice: { reader: { stallMs: 400, closeGraceMs: 5_000 } } })
  using client = connect(rig)
  const call = open(client, 'Start', {})
  await new Promise<Message>((resolve) => call.once('data', resolve))
  call.pause()
  await expect.poll(() => rig.sluice.stats().delivering).toBe(0)
  const rest = hear(call)
  call.resume()
  const heard = await rest
  expect(heard.events.at(-1)).toMatchObject({ closed: { code: 'stalled' } })
  expect(heard.status).toMatchObject({ code: 8 })
  const cursor = String(heard.status.metadata.get('sluice-cursor')[0])
  expect(cursor).toBe(String((heard.events.at(-1) as { closed: Message }).closed['cursor']))
  const again = await hear(open(client, 'Attach', { ref: { cursor } }))
  expect(again.text).toBe(tokens.slice(Number(cursor.split('.')[2])).join(''))
  expect(again.status.code).toBe(0)
})
