import { afterEach, describe, expect, test } from 'vitest'

import { SocketClient, type SocketRig, startRig } from '../rig/socket-rig.ts'
import { conversing, say } from '../rig/sources.ts'

let rig: SocketRig | undefined
afterEach(async () => {
  await rig?.[Symbol.asyncDispose]()
  rig = undefined
})

describe('a socket', () => {
  test('contract 12: what is forbidden and what is unknown are refused alike', async () => {
    rig = await startRig()
    const theirs = await rig.sluice.start(say, { as: { owner: 'bob' } })
    const client = await SocketClient.open(rig.url)
    const unknown = `${theirs.id.slice(0, -1)}${theirs.id.endsWith('0') ? '1' : '0'}`
    for (const stream of [theirs.id, unknown]) {
      for (const type of ['attach', 'cancel', 'send'] as const) {
        const from = client.heard.length
        client.say({ type, ref: type, stream, ...(type === 'send' && { message: 1 }) })
        const { code, message } = await client.hear('refused', () => true, from)
        expect([code, message]).toEqual(['SLUICE_ERR_NOT_FOUND', 'There is no such stream, or it is not yours.'])
      }
    }
  })

  test('refuses, typed and without closing, what cannot be carried out', async () => {
    rig = await startRig(
      {
        run: ({ fail }) => {
          if (fail === true) throw new Error('secret')
          return conversing
        },
        limits: { maxStreams: 2 },
      },
      { limits: { startsPerSecond: 1, startBurst: 2 } },
    )
    const client = await SocketClient.open(rig.url)
    client.say({ type: 'start', ref: 'a', body: {} })
    client.say({ type: 'start', ref: 'a', body: {} })
    client.say({ type: 'start', ref: 'b', body: { fail: true } })
    await client.hear('refused', ({ ref }) => ref === 'b')
    client.say({ type: 'start', ref: 'c', body: {} })
    client.say({ type: 'attach', ref: 'd', cursor: 'no such.thing' })
    client.say({ type: 'ping', ref: 'p' })
    await client.hear('pong')
    const refused = client.heard.filter((message) => message.type === 'refused')
    expect(refused.map(({ ref, code }) => [ref, code])).toEqual(
      expect.arrayContaining([
        ['a', 'SLUICE_ERR_REQUEST'],
        ['b', 'SLUICE_ERR_INTERNAL'],
        ['d', 'SLUICE_ERR_TOO_MANY_STREAMS'],
      ]),
    )
    expect(JSON.stringify(client.heard)).not.toContain('secret')
    expect(rig.errors).toEqual([expect.objectContaining({ message: 'secret' })])
    client.say({ type: 'detach', ref: 'c' })
    await client.hear('detached')
    client.say({ type: 'start', ref: 'e', body: {} })
    const { retryAfterMs } = await client.hear('refused', ({ code }) => code === 'SLUICE_ERR_RATE')
    expect(retryAfterMs).toBeGreaterThan(0)
  })
})
