import type { SourceContext } from '@sluice/core'
import { afterEach, describe, expect, test } from 'vitest'

import { SocketClient, type SocketRig, startRig } from '../rig/socket-rig.ts'
import { conversing } from '../rig/sources.ts'

let rig: SocketRig | undefined
afterEach(async () => {
  await rig?.[Symbol.asyncDispose]()
  rig = undefined
})

describe('a socket', () => {
  test('contract 8: cancels by ref before the source has said anything, and by id a stream it does not read', async () => {
    const aborted: string[] = []
    const hanging = ({ signal }: SourceContext): AsyncIterable<string> => {
      signal.addEventListener('abort', () => aborted.push('yes'))
      return { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }
    }
    rig = await startRig({ run: () => hanging })
    const other = await rig.sluice.start(hanging, { as: { owner: 'ada' } })
    const client = await SocketClient.open(rig.url)
    client.say({ type: 'start', ref: 'a', body: {} })
    client.say({ type: 'cancel', ref: 'a' })
    client.say({ type: 'cancel', ref: 'c2', stream: other.id })
    expect(await client.hear('end')).toMatchObject({ ref: 'a', reason: 'cancelled', cause: 'client' })
    expect(await client.hear('cancelled', ({ ref }) => ref === 'c2')).toMatchObject({
      stream: other.id,
      end: { reason: 'cancelled' },
    })
    await expect.poll(() => aborted.length).toBe(2)
  })

  test('contract 9: leaves a reading without ending its stream', async () => {
    rig = await startRig()
    const stream = await rig.sluice.start(conversing, { as: { owner: 'ada' } })
    const client = await SocketClient.open(rig.url)
    client.say({ type: 'attach', ref: 'a', stream: stream.id })
    await client.hear('text')
    client.say({ type: 'detach', ref: 'a' })
    expect(await client.hear('detached')).toMatchObject({ ref: 'a', stream: stream.id })
    expect(stream.end).toBeUndefined()
    client.say({ type: 'detach', ref: 'a' })
    expect(await client.hear('refused')).toMatchObject({ ref: 'a', code: 'SLUICE_ERR_NOT_FOUND' })
  })

  test('contract 9: a socket that goes is a disconnect, at once', async () => {
    rig = await startRig({ run: () => ({ source: conversing, onDisconnect: 'cancel' }) })
    const client = await SocketClient.open(rig.url)
    client.say({ type: 'start', ref: 'a', body: {} })
    const { stream: id } = await client.hear('opened')
    const stream = await rig.sluice.attach({ id }, { as: 'server' })
    client.ws.terminate()
    expect(await stream.ended).toMatchObject({ reason: 'cancelled', cause: 'disconnect' })
  })
})
