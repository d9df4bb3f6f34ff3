import { afterEach, describe, expect, test } from 'vitest'

import { SocketClient, type SocketRig, startRig, textOf } from '../rig/socket-rig.ts'
import { conversing } from '../rig/sources.ts'

let rig: SocketRig | undefined
afterEach(async () => {
  await rig?.[Symbol.asyncDispose]()
  rig = undefined
})

describe('beside HTTP', () => {
  test('contract 1: what began on a socket is resumed over SSE, and the other way round', async () => {
    rig = await startRig({ run: () => conversing })
    const client = await SocketClient.open(rig.url)
    client.say({ type: 'start', ref: 'a', body: {} })
    const { cursor, stream } = await client.hear('text')
    client.ws.terminate()
    const response = await fetch(`${rig.http}/streams/${stream}`, { headers: { 'last-event-id': cursor! } })
    await rig.sluice.send({ id: stream }, 'two', { as: 'server' })
    await rig.sluice.send({ id: stream }, 'stop', { as: 'server' })
    const sse = await response.text()
    expect(sse.match(/data: \{"text":(.*)\}/)?.[1]).toBe('"\\"two\\""')
    const second = await SocketClient.open(rig.url)
    const middle = /id: (\S+)\nevent: text/.exec(sse)![1]!
    second.say({ type: 'attach', ref: 'b', cursor: middle })
    expect(await second.hear('end')).toMatchObject({ stream, reason: 'stop' })
    expect(second.of('b').map(({ type }) => type)).toEqual(['opened', 'end'])
    second.say({ type: 'attach', ref: 'c', stream })
    await second.hear('end', ({ ref }) => ref === 'c')
    expect(textOf(second.of('c'))).toBe('first"two"')
  })

  test('contract 7: a socket acks, feeds and cancels a stream whose data flows over SSE', async () => {
    rig = await startRig()
    const stream = await rig.sluice.start(conversing, { as: { owner: 'ada' } })
    const client = await SocketClient.open(rig.url)
    const response = await fetch(`${rig.http}/streams/${stream.id}?reader=page`)
    client.say({ type: 'ack', cursor: stream.id, credit: 1, reader: 'page' })
    client.say({ type: 'send', stream: stream.id, message: 1 })
    await client.hear('sent')
    client.say({ type: 'cancel', stream: stream.id })
    expect(await client.hear('cancelled')).toMatchObject({ stream: stream.id, end: { reason: 'cancelled' } })
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    let body = ''
    while (!body.includes('"first"')) body += (await reader.read()).value ?? ''
    expect(body).not.toContain('data: {"text":"1"}')
    // What was said before the end is still withheld, and the end after it: credit lets both through.
    client.say({ type: 'ack', cursor: stream.id, credit: 10, reader: 'page' })
    for (let read = await reader.read(); !read.done; read = await reader.read()) body += read.value
    expect(body).toContain('data: {"text":"1"}')
    expect(body).toContain('event: end')
  })
})
