import { expect, test } from 'vitest'
import { JSON_LOG, linesOf } from '../../rig/json-log.ts'
import { startFront } from '../../rig/recording-backend.ts'
import { spawnGateway } from '../../rig/spawned-gateway.ts'
import { chunk } from '../../rig/stage.ts'

test('every request is a line of debug, and its query is none of it', async () => {
  await using gateway = await spawnGateway(['--log', 'debug', ...JSON_LOG])
  await fetch(`${gateway.url}/v1/streams/x?ticket=secret`, { headers: { 'x-request-id': 'r1' } })
  await fetch(`${gateway.url}/nowhere`, { headers: { 'x-request-id': 'r 2\t' } })
  await expect
    .poll(() => linesOf(gateway).filter(({ message }) => message === 'Request'))
    .toMatchObject([
      { method: 'GET', path: '/v1/streams/x', request: 'r1' },
      { method: 'GET', path: '/nowhere', status: 404, request: expect.stringMatching(/^[\da-f-]{36}$/) },
    ])
  expect(gateway.stderr).not.toContain('secret')
})

test('a log that nobody reads any more ends nothing', async () => {
  await using front = await startFront(['--log', 'debug'])
  const { process: child } = front.gateway
  const going = Promise.withResolvers<void>()
  front.backend.answer = (response, { method }) => {
    if (method === 'GET') return response.destroy()
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(chunk({ content: 'a' }))
    return void going.promise.then(() => response.end('data: [DONE]\n\n'))
  }
  const answer = await fetch(`${front.api}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', messages: [], stream: true }),
  })
  child.stdout!.destroy()
  child.stderr!.destroy()
  for (let time = 0; time < 3; time++) expect((await fetch(`${front.api}/models`)).status).toBe(502)
  going.resolve()
  expect(await answer.text()).toContain('[DONE]')
  expect((await fetch(`${front.gateway.url}/healthz`)).status).toBe(200)
})
