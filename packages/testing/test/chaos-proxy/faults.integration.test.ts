import { once } from 'node:events'
import { quiet, until } from '@sluice/testing/patience'
import { describe, expect, test } from 'vitest'
import { dialProxy, received, startProxied } from '../rig/proxied.ts'

describe('cuts', () => {
  test.each([
    ['rst', 'ECONNRESET', 'ECONNRESET'],
    ['fin', 'fin', 'fin'],
  ] as const)('%s after so many bytes, to the byte, for both sides', async (how, seenByClient, seenByServer) => {
    const { proxy, dial } = await startProxied()
    const { client, server } = await dial()
    const [atClient, atServer] = [received(client), received(server)]
    server.write('already through ')
    await once(client, 'data')
    proxy.cut({ how, afterBytes: 5 })
    server.write('12345678')
    expect(await atClient).toMatchObject({ text: 'already through 12345', how: seenByClient })
    expect((await atServer).how).toBe(seenByServer)
    const again = await dial()
    again.server.end('unharmed, for the cut is used up')
    expect((await received(again.client)).text).toBe('unharmed, for the cut is used up')
  })

  test('every connection, until healed', async () => {
    const { proxy, dial } = await startProxied()
    proxy.cut({ how: 'rst', afterBytes: 2, every: true, direction: 'toServer' })
    for (let round = 0; round < 2; round++) {
      const { client, server } = await dial()
      client.write('abc')
      expect(await received(server)).toMatchObject({ text: 'ab', how: 'ECONNRESET' })
    }
    proxy.heal()
    const { client, server } = await dial()
    client.end('abc')
    expect((await received(server)).text).toBe('abc')
  })

  test('half-close ends one direction; the other works, and the sender is not told', async () => {
    const { proxy, dial } = await startProxied()
    const { client, server } = await dial()
    proxy.cut({ how: 'half-close' })
    expect((await received(client)).how).toBe('fin')
    server.write('to nobody')
    const atServer = received(server)
    client.end('still heard')
    expect(await atServer).toMatchObject({ text: 'still heard', how: 'fin' })
    server.end()
    await expect.poll(() => proxy.connections()).toEqual([])
  })

  test('at once, all open connections', async () => {
    const { proxy, dial } = await startProxied()
    const pairs = [await dial(), await dial()]
    const ends = pairs.map(({ client }) => received(client))
    proxy.cut({ how: 'rst' })
    expect((await Promise.all(ends)).map(({ how }) => how)).toEqual(['ECONNRESET', 'ECONNRESET'])
    await expect.poll(() => proxy.connections()).toEqual([])
  })
})

test('a blackhole carries neither bytes nor ends; healed, it carries them on, also for connections made meanwhile', async () => {
  const { proxy, dial } = await startProxied()
  const { client, server } = await dial()
  let told = 0
  server.on('data', () => told++).on('end', () => told++)
  proxy.blackhole()
  client.end('lost in space')
  const waiting = await dialProxy(proxy)
  waiting.write('hello?')
  await until(() => proxy.accepted === 2)
  await quiet()
  expect([told, proxy.accepted, proxy.connections().length]).toEqual([0, 2, 2])
  const atServer = received(server)
  proxy.heal()
  expect(await atServer).toMatchObject({ text: 'lost in space', how: 'fin' })
  await expect.poll(() => proxy.connections().find(({ id }) => id === 2)?.bytesToServer).toBe(6)
})

test('a swallowed chunk never arrives; the connection can be cut right after it', async () => {
  const { proxy, dial } = await startProxied()
  const { client, server } = await dial()
  const swallowed = proxy.swallowOne()
  server.write('+OK\r\n')
  expect(Buffer.from(await swallowed).toString()).toBe('+OK\r\n')
  const atClient = received(client)
  server.write('+SECOND\r\n')
  await once(client, 'data')
  void proxy.swallowOne({ thenCut: 'rst' })
  server.write('+THIRD\r\n')
  expect(await atClient).toMatchObject({ text: '+SECOND\r\n', how: 'ECONNRESET' })
})
