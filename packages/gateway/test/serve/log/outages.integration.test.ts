import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { startRedisServer } from '@sluice/testing/redis'
import { describe, expect, test } from 'vitest'
import { chatOnce } from '../../rig/chat-request.ts'
import { JSON_LOG, linesOf } from '../../rig/json-log.ts'
import { freePort } from '@sluice/testing/proxy'
import { startFront } from '../../rig/recording-backend.ts'
import { spawnGateway } from '../../rig/spawned-gateway.ts'

describe('a backend that cannot be reached', () => {
  test.each([
    ['refused', async () => `http://127.0.0.1:${await freePort()}/v1`, 'ECONNREFUSED'],
    ['dns', async () => 'http://no-such-host.invalid/v1', 'ENOTFOUND'],
  ])('%s: one line says so at the start, and one for each request', async (reason, upstream, code) => {
    await using gateway = await spawnGateway(['--upstream', await upstream(), ...JSON_LOG])
    const away = { level: 'warn', message: 'The backend does not answer', reason, why: expect.stringContaining(code) }
    await expect.poll(() => linesOf(gateway)).toMatchObject([away])
    const response = await chatOnce(gateway.url)
    expect(response.status).toBe(502)
    await (await fetch(`${gateway.url}/v1/models`, { headers: { 'x-request-id': 'models-1' } })).text()
    const stream = response.headers.get('sluice-stream-id')
    await expect
      .poll(() => linesOf(gateway))
      .toMatchObject([
        away,
        { message: 'An answer failed', reason, why: expect.stringContaining(code), stream, request: 'chat-1' },
        {
          message: 'A request that was passed on failed',
          reason,
          why: expect.stringContaining(code),
          request: 'models-1',
        },
      ])
  })

  test('tls', async () => {
    await using front = await startFront()
    await using gateway = await spawnGateway(['--upstream', front.backend.url.replace('http', 'https'), ...JSON_LOG])
    await chatOnce(gateway.url)
    await expect.poll(() => linesOf(gateway).map(({ reason }) => reason)).toEqual(['tls', 'tls'])
  })

  test('that takes connections and says nothing: the probe waits no longer than for a connection', async () => {
    const server = createServer(() => {}).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const upstream = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
    await using gateway = await spawnGateway(['--upstream', upstream, '--upstream-connect-ms', '150', ...JSON_LOG])
    await expect
      .poll(() => linesOf(gateway))
      .toMatchObject([
        { message: 'The backend does not answer', reason: 'silence', why: expect.stringContaining('150 ms') },
      ])
    server.close()
  })
})

test('Redis: why it cannot be reached, a line when it is away, and one when it is back', async () => {
  await using redis = await startRedisServer()
  await using gateway = await spawnGateway(['--redis', redis.url, '--redis-command-ms', '500', ...JSON_LOG])
  const answering = (): unknown[] => linesOf(gateway).filter(({ message }) => String(message).includes('answer'))
  await redis.kill()
  await expect.poll(answering).toMatchObject([{ level: 'warn', message: 'Redis does not answer' }])
  await expect.poll(() => gateway.stderr).toMatch(/Redis cannot be reached: connect ECONNREFUSED/)
  await redis.restart()
  await expect
    .poll(answering)
    .toMatchObject([{ message: 'Redis does not answer' }, { level: 'info', message: 'Redis answers again' }])
  // Once for each reason, however often it was tried: the connection may have been reset, too.
  const reached = linesOf(gateway).filter(({ message }) => String(message).includes('cannot be reached'))
  expect(new Set(reached.map(({ message }) => message)).size).toBe(reached.length)
})
