import type { ClientDuplexStream, StatusObject } from '@grpc/grpc-js'
import { expect, test } from 'vitest'

import { connect, hear, type Message, open, sayingForEver, startRig } from '../rig/rig.ts'

const KNOWN_FOR_MS = 1_000

/** A server whose callers are known for a moment after each call. */
async function startForgetful() {
  const identify = () => ({ owner: 'ada', expiresAtMs: Date.now() + KNOWN_FOR_MS })
  const rig = await startRig(sayingForEver('Hello'), { server: { identify } })
  const client = connect(rig)
  return {
    ...rig,
    client,
    async [Symbol.asyncDispose]() {
      client.close()
      await rig[Symbol.asyncDispose]()
    },
  }
}

test('S5: a call whose caller is known no more ends UNAUTHENTICATED, with a cursor that stays good', async () => {
  await using server = await startForgetful()
  const beganMs = performance.now()
  const heard = await hear(open(server.client, 'Start', {}))
  expect(performance.now() - beganMs).toBeGreaterThan(KNOWN_FOR_MS - 5)
  expect([heard.text, heard.status.code]).toEqual(['Hello', 16])
  const [cursor] = heard.status.metadata.get('sluice-cursor')
  expect(cursor).toBe(heard.cursor)
  const again = await hear(open(server.client, 'Attach', { ref: { cursor } }))
  expect([again.text, again.status.code]).toEqual(['', 16])
})

test('S5: so does each reading of a session, and what is asked afterwards is refused', async () => {
  await using server = await startForgetful()
  const call = (server.client['Session'] as unknown as () => ClientDuplexStream<object, Message>).call(server.client)
  const status = new Promise<StatusObject>((resolve) => call.on('status', resolve))
  call.on('error', () => {})
  const over = (stream: number): Promise<Message> =>
    new Promise((resolve) => {
      call.on('data', (answer: Message) => {
        if (Number(answer['stream']) === stream && answer['over']) resolve(answer['over'])
      })
    })
  call.write({ stream: 1, start: {} })
  expect((await over(1))['code']).toBe(16)
  call.write({ stream: 2, start: {} })
  expect((await over(2))['code']).toBe(16)
  call.end()
  expect((await status).code).toBe(0)
})
