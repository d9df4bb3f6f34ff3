import { once } from 'node:events'
import { connect } from 'node:http2'

import { expect, test } from 'vitest'

import { probe, type Probe } from './rig/plan-probe.ts'
import { serve } from './rig/wire-clients.ts'

test('a response is over when all is sent, though the client is still sending its request', async () => {
  const arrived = Promise.withResolvers<Probe>()
  await using server = await serve('HTTP/2', (response) => arrived.resolve(probe(response)))
  const session = connect(`http://127.0.0.1:${server.port}`)
  const stream = session.request({ ':method': 'POST', ':path': '/' }, { endStream: false })
  stream.resume()
  const { sink, over, lost, response } = await arrived.promise
  let closed = false
  response.on('close', () => (closed = true))
  sink.write('data: a\n\n')
  sink.close()
  await Promise.all([over, once(stream, 'end')])
  expect([lost(), closed]).toEqual([1, false])
  session.destroy()
})

test('a lost session settles every response on it', async () => {
  const probes: Probe[] = []
  const arrived = Promise.withResolvers<void>()
  await using server = await serve('HTTP/2', (response) => {
    if (probes.push(probe(response)) === 3) arrived.resolve()
  })
  const session = connect(`http://127.0.0.1:${server.port}`)
  for (let count = 0; count < 3; count++) session.request({ ':path': '/' }).on('error', () => undefined)
  await arrived.promise
  session.destroy()
  await Promise.all(probes.map(({ over }) => over))
  expect(probes.map(({ lost }) => lost())).toEqual([1, 1, 1])
})
