import { describe, expect, test } from 'vitest'

import { connectedRig } from '../rig/connected-rig.ts'
import { hear, kinds, type Message, open, sayingForEver } from '../rig/rig.ts'

describe('contract 9: leaving a call is not cancelling its stream', () => {
  test.each([
    ['POLICY_CANCEL', 'cancelled'],
    ['POLICY_CONTINUE', 'stop'],
  ])('%s', async (policy, reason) => {
    const go = Promise.withResolvers<void>()
    const { client, sluice } = await connectedRig(async function* ({ signal }) {
      yield 'one'
      signal.addEventListener('abort', () => go.resolve())
      await go.promise
      yield 'two'
    })
    const call = open(client, 'Start', { onDisconnect: { policy } })
    call.on('error', () => {})
    const first = await new Promise<Message>((resolve) => call.once('data', resolve))
    const opened = (first['events'] as unknown as Message[])[0]!['opened']!
    const stream = await sluice.attach({ id: String(opened['id']) }, { as: 'server' })
    stream.detach()
    call.cancel()
    if (policy === 'POLICY_CONTINUE') go.resolve()
    expect(await stream.ended).toMatchObject({ reason })
  })

  test('a deadline of 1 ms ends the call, before or after its opening, and nothing is left', async () => {
    const { client, sluice } = await connectedRig(sayingForEver('x'), {
      sluice: { stream: { onDisconnect: 'cancel' } },
    })
    for (let round = 0; round < 20; round++) {
      const { status } = await hear(open(client, 'Start', {}, { deadline: Date.now() + 1 }))
      expect(status.code).toBe(4)
    }
    await expect.poll(() => sluice.stats().delivering).toBe(0)
    // Those of nobody: each was left before it was read, and has not been waited for.
    await sluice.drain({ withinMs: 0 })
    expect(sluice.stats()).toMatchObject({ producing: 0, delivering: 0 })
  })

  test('the deadline comes from the server too, where the client only waits', async () => {
    const { client } = await connectedRig(sayingForEver('x'))
    // A deadline counts from before there is a connection.
    await new Promise((resolve) => client.waitForReady(Date.now() + 60_000, resolve))
    const { events, status } = await hear(open(client, 'Start', {}, { deadline: Date.now() + 1_500 }))
    expect(kinds(events)).toEqual(['opened', 'text'])
    expect(status.code).toBe(4)
  })
})
