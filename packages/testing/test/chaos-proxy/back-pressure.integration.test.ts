import { once } from 'node:events'
import { isSettled, quiet } from '@sluice/testing/patience'
import { expect, test } from 'vitest'
import { received, startProxied } from '../rig/proxied.ts'

test('a pause makes the sender wait; memory stays bounded and nothing is lost', async () => {
  const { proxy, dial } = await startProxied()
  const { client, server } = await dial()
  proxy.pause('toClient')
  const block = Buffer.alloc(64 * 1024, 'x')
  let sent = 0
  while (server.write(block) && sent < 64 * 1024 * 1024) sent += block.length
  await quiet()
  expect(server.writableNeedDrain).toBe(true)
  expect(proxy.connections()[0]!.bytesToClient).toBe(0)
  const atClient = received(client)
  proxy.resume()
  server.end()
  expect((await atClient).text).toHaveLength(sent + block.length)
})

test('a client that does not read slows the server down', async () => {
  const { dial } = await startProxied()
  const { client, server } = await dial()
  client.pause()
  const block = Buffer.alloc(64 * 1024, 'x')
  let sent = 0
  for (let stalled = false; !stalled;) {
    sent += block.length
    if (!server.write(block)) stalled = !(await isSettled(once(server, 'drain')))
  }
  // Six sockets' kernel buffers and our own queue: tens of megabytes would mean that something is unbounded.
  expect(sent).toBeLessThan(32 * 1024 * 1024)
  const atClient = received(client)
  client.resume()
  server.end()
  expect((await atClient).text).toHaveLength(sent)
})
