import { once } from 'node:events'
import { expect, test } from 'vitest'
import { dialProxy, received, startProxied } from '../rig/proxied.ts'

test('forwards both ways and passes on each end by itself', async () => {
  const { proxy, dial } = await startProxied()
  const { client, server } = await dial()
  const [atClient, atServer] = [received(client), received(server)]
  client.end('question')
  expect(await atServer).toMatchObject({ text: 'question', how: 'fin' })
  expect(proxy.connections()).toEqual([{ id: 1, bytesToClient: 0, bytesToServer: 8 }])
  server.end('answer')
  expect(await atClient).toMatchObject({ text: 'answer', how: 'fin' })
  await expect.poll(() => proxy.connections()).toEqual([])
  expect(proxy.accepted).toBe(1)
})

test('passes on a reset in order: what was said before still arrives', async () => {
  const { dial } = await startProxied({ toClient: { latencyMs: 30 } })
  const { client, server } = await dial()
  const atClient = received(client)
  server.write('first and ')
  await once(client, 'data')
  server.write('last words', () => server.resetAndDestroy())
  expect(await atClient).toMatchObject({ text: 'first and last words', how: 'ECONNRESET' })
})

test('a client that resets is known to the server at once', async () => {
  const { dial } = await startProxied()
  const { client, server } = await dial()
  const atServer = received(server)
  client.resetAndDestroy()
  expect((await atServer).how).toBe('ECONNRESET')
})

test('a target that refuses resets the client', async () => {
  const { proxy } = await startProxied({ target: { port: 1 } })
  const client = await dialProxy(proxy)
  expect((await received(client)).how).toBe('ECONNRESET')
  await expect.poll(() => proxy.connections()).toEqual([])
})

test('close ends everything, also what waits', async () => {
  const { proxy, dial } = await startProxied()
  const { client } = await dial()
  const swallowed = proxy.swallowOne()
  const closed = once(client, 'close')
  await proxy.close()
  expect(await swallowed).toHaveLength(0)
  expect(proxy.connections()).toEqual([])
  client.destroy()
  await closed
})
