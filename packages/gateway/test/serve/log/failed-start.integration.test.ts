import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { startRedisServer } from '@sluice/testing/redis'
import { describe, expect, test } from 'vitest'
import { runCli } from '../../rig/spawned-gateway.ts'

describe('a start that fails', () => {
  test.each([[[]], [['--grpc-port', '0']]])('ends with 1 although Redis is open: %j', async (flags) => {
    await using redis = await startRedisServer()
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const run = runCli(['--port', String(port), '--redis', redis.url, '--upstream', 'http://127.0.0.1:9/v1', ...flags])
    expect(await run.exited).toEqual({ code: 1, signal: null })
    expect(run.stderr.trim().split('\n')).toEqual([expect.stringContaining('The port is in use')])
    taken.close()
  })

  test('ends with 1 where only the port for gRPC is taken', async () => {
    await using redis = await startRedisServer()
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const run = runCli(['--port', '0', '--grpc-port', String(port), '--redis', redis.url])
    expect(await run.exited).toEqual({ code: 1, signal: null })
    taken.close()
  })
})
