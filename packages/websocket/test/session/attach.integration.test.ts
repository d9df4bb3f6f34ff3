import { afterEach, describe, expect, test } from 'vitest'

import { SocketClient, type SocketRig, startRig } from '../rig/socket-rig.ts'
import { conversing, PIECES, say } from '../rig/sources.ts'

let rig: SocketRig | undefined
afterEach(async () => {
  await rig?.[Symbol.asyncDispose]()
  rig = undefined
})

describe('a socket', () => {
  test('an attach says of its reading what a query does, and nothing of how a stream is started', async () => {
    rig = await startRig({ run: () => say })
    const client = await SocketClient.open(rig.url)
    client.say({ type: 'start', ref: 'a', body: {} })
    const { stream } = await client.hear('end')
    client.say({ type: 'attach', ref: 'b', stream, sluice: { ids: true, maxDelayMs: 20, maxTokens: 8 } })
    await client.hear('end', ({ ref }) => ref === 'b')
    expect(client.text('b')).toBe(PIECES.join(''))
    client.say({ type: 'attach', ref: 'c', stream, sluice: { onDisconnect: 'cancel' } })
    expect(await client.hear('refused')).toMatchObject({
      ref: 'c',
      message:
        'The field "sluice.onDisconnect" is about starting a stream, and this is about one that there is; ' +
        'known are: ids, maxDelayMs, maxTokens.',
    })
  })

  test('contract 1: attaches by id, by cursor and by key, and goes on after the cursor', async () => {
    rig = await startRig({ run: () => ({ source: say, key: 'chat' }) })
    const stream = await rig.sluice.start(conversing, { as: { owner: 'ada' }, key: 'talk' })
    const client = await SocketClient.open(rig.url)
    client.say({ type: 'attach', ref: 'id', stream: stream.id })
    client.say({ type: 'attach', ref: 'key', key: 'talk' })
    const { cursor } = await client.hear('text', ({ ref }) => ref === 'id')
    client.say({ type: 'attach', ref: 'cursor', cursor })
    client.say({ type: 'attach', ref: 'now', stream: stream.id, after: 'now' })
    await client.hear('opened', ({ ref }) => ref === 'now')
    client.say({ type: 'send', ref: 'id', message: { more: 1 } })
    expect(await client.hear('sent')).toEqual({ type: 'sent', ref: 'id', stream: stream.id })
    client.say({ type: 'send', stream: stream.id, message: 'stop' })
    for (const ref of ['id', 'key', 'cursor', 'now']) await client.hear('end', (message) => message.ref === ref)
    expect(['id', 'key', 'cursor', 'now'].map((ref) => client.text(ref))).toEqual([
      'first{"more":1}',
      'first{"more":1}',
      '{"more":1}',
      '{"more":1}',
    ])
  })

  test('contract 3: a reading that begins after the end is told the end once more', async () => {
    rig = await startRig()
    const stream = await rig.sluice.start(say, { as: { owner: 'ada' } })
    await stream.ended
    const client = await SocketClient.open(rig.url)
    client.say({ type: 'attach', ref: 'late', cursor: stream.cursor })
    expect(await client.hear('end')).toMatchObject({ ref: 'late', reason: 'stop', cursor: stream.cursor })
    expect(client.heard.map(({ type }) => type)).toEqual(['opened', 'end'])
  })
})
