import {
  type ClusterRedis,
  type RedisServer,
  startCluster,
  startRedisServer,
  startSentinel,
  startTlsRedis,
} from '@sluice/testing/redis'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import { parseGatewayOptions } from '../../src/options/options.ts'
import { type RunningGateway, startGateway } from '../../src/serve/gateway.ts'

type Serving = Pick<RunningGateway, 'url'>

const CHAT = {
  model: 'm',
  messages: [{ role: 'user', content: 'hi' }],
  stream: true,
  sluice_demo: { tokens: 3, interTokenMs: 0 },
}

/** The answer to a start of a stream. */
async function start({ url }: Serving): Promise<{ status: number; body: string }> {
  const headers = { 'content-type': 'application/json', accept: 'text/event-stream' }
  const answer = await fetch(`${url}/v1/streams`, { method: 'POST', headers, body: JSON.stringify(CHAT) })
  return { status: answer.status, body: await answer.text() }
}

async function ready({ url }: Serving): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${url}/readyz`)
  return { status: answer.status, body: await answer.json() }
}

/** What the gateways of this process have logged. */
let log = ''
const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
  log += String(text)
  return true
})
afterAll(() => write.mockRestore())

function open(...flags: string[]): Promise<RunningGateway> {
  return startGateway(parseGatewayOptions(['--port', '0', ...flags], {}))
}

/** Whether this gateway serves a stream from its start to its end. */
async function serves(...flags: string[]): Promise<void> {
  const gateway = await open(...flags)
  const { status, body } = await start(gateway)
  expect([status, body]).toEqual([200, expect.stringContaining('"complete":true')])
  expect((await ready(gateway)).body).toEqual({ status: 'ready', store: 'ok' })
  await gateway.close()
}

/** What a start that fails says. */
async function refusal(...flags: string[]): Promise<string> {
  const error: unknown = await open('--redis-wait-ms', '0', '--redis-command-ms', '2000', ...flags).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toMatchObject({ code: 'SLUICE_ERR_OPTION' })
  return (error as Error).message
}

describe('--redis', () => {
  let cluster: ClusterRedis
  beforeAll(async () => void (cluster = await startCluster()))
  afterAll(() => cluster.close())

  test('takes a Cluster by some of its nodes', async () => {
    const nodes = cluster.nodes.slice(0, 2).map(({ host, port }) => `${host}:${port}`)
    await serves('--redis', `redis+cluster://${nodes.join(',')}`)
  })

  test('refuses a Cluster that is given as one node, and says how it is written', async () => {
    expect(await refusal('--redis', cluster.nodes[0]!.url)).toMatch(/--redis \(SLUICE_REDIS_URL\).*redis\+cluster:\/\//)
  })

  test('takes what Sentinels know', async () => {
    await using redis = await startSentinel()
    const sentinels = redis.addresses.map(({ host, port }) => `${host}:${port}`).join(',')
    await serves('--redis', `redis+sentinel://${sentinels}/${redis.masterName}`)
  })

  test('speaks TLS with certificates from files, and says what is wrong with them', async () => {
    await using redis = await startTlsRedis({ clientCertificates: true, name: { only: 'redis.internal' } })
    const { ca, cert, key } = redis.files
    const url = ['--redis', `rediss://${redis.address}`]
    const name = ['--redis-server-name', 'redis.internal']
    await serves(...url, ...name, '--redis-ca', ca, '--redis-cert', cert, '--redis-key', key)
    expect(await refusal(...url, ...name)).toContain('certificate')
    expect(await refusal(...url, ...name, '--redis-ca', ca)).toContain('client certificate')
    expect(await refusal(...url, '--redis-ca', ca, '--redis-cert', cert, '--redis-key', key)).toContain('made out to')
    expect(await refusal(...url, '--redis-ca', `${ca}.none`)).toMatch(/--redis-ca cannot be read.*ENOENT/)
    expect(await refusal(...url, '--redis-ca', ca, '--redis-cert', cert, '--redis-key', ca)).toContain('"tls"')
  })
})

describe('a Redis that lacks something', () => {
  let server: RedisServer
  beforeAll(async () => void (server = await startRedisServer()))
  afterAll(() => server.close())
  const userUrl = async (user: string, ...rules: string[]): Promise<string> => {
    await server.command('ACL', 'SETUSER', user, 'on', '>pw', ...rules)
    return server.url.replace('redis://', `redis://${user}:pw@`)
  }

  test('is reached by a URL with parameters, by jobs as well', async () => {
    const gateway = await open('--redis', `${server.url}?family=4`)
    expect((await start(gateway)).status).toBe(200)
    await gateway.close()
  })

  test('is waited for where it comes late, and the log says why it is not there', async () => {
    await server.kill()
    const soon = ['--redis-command-ms', '300']
    const starting = open('--redis', server.url, '--redis-wait-ms', '60000', ...soon)
    expect(await refusal('--redis', server.url, ...soon)).toContain('ECONNREFUSED')
    expect(log).toMatch(/warn {2}Redis cannot be reached: connect ECONNREFUSED.*Nothing listens/)
    await server.restart()
    const gateway = await starting
    expect((await start(gateway)).status).toBe(200)
    await gateway.close()
  })

  test('does not wake anybody: the log has a warning, and health says degraded', async () => {
    const gateway = await open('--redis', await userUrl('deaf', '+@all', '~sluice:*', 'resetchannels'))
    expect(await ready(gateway)).toEqual({ status: 200, body: { status: 'ready', store: 'degraded' } })
    expect(log).toMatch(/warn {2}Redis does not wake this process .*&sluice:\*/)
    expect(await (await fetch(`${gateway.url}/metrics`)).text()).toMatch(
      /sluice_store_up 1\n[^]*sluice_store_degraded 1\n/,
    )
    expect((await start(gateway)).status).toBe(200)
    await server.command('ACL', 'SETUSER', 'deaf', '&sluice:*')
    await expect.poll(() => ready(gateway)).toEqual({ status: 200, body: { status: 'ready', store: 'ok' } })
    await gateway.close()
  })

  test('refuses commands: clients read that, and only the log in which words', async () => {
    const gateway = await open('--redis', await userUrl('app', '+@all', '~sluice:*', '&sluice:*'))
    await server.command('ACL', 'SETUSER', 'app', '-@scripting')
    const { status, body } = await start(gateway)
    const detail = 'Redis did not do what it was asked: it was refused.'
    expect([status, JSON.parse(body)]).toEqual([503, expect.objectContaining({ code: 'SLUICE_ERR_STORE', detail })])
    expect(log).toMatch(/warn {2}Redis refuses a command: NOPERM .*evalsha/)
    await gateway.close()
  })
})
