import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEFAULT_GATEWAY_OPTIONS } from '../../src/options/gateway-options.ts'
import { JOB_ROWS } from '../../src/options/job-rows.ts'
import { LIMIT_ROWS } from '../../src/options/limit-rows.ts'
import { OPTION_TABLE } from '../../src/options/option-table.ts'
import { parseGatewayOptions } from '../../src/options/options.ts'
import { refusal } from '../rig/option-refusal.ts'

const rows = Object.values(OPTION_TABLE)

describe('what is given', () => {
  test('nothing gives the defaults', () => {
    expect(parseGatewayOptions([], {})).toEqual(DEFAULT_GATEWAY_OPTIONS)
  })

  test.each([
    [['--port=1']],
    [['--port', '1']],
    [['--', '--port', '1']],
    [['--', '--', '--port=1']],
    [['--port=2', '--port=1']],
  ])('%j sets the port to 1', (argv) => {
    expect(parseGatewayOptions(argv, {}).port).toBe(1)
  })

  test('a lone "--" gives the defaults', () => {
    expect(parseGatewayOptions(['--'], {})).toEqual(DEFAULT_GATEWAY_OPTIONS)
  })

  test.each([
    ['port', '--port=0', 0],
    ['host', '--host=::1', '::1'],
    ['host', '--host=[::1]', '::1'],
    ['host', '--host=LOCALHOST', 'localhost'],
    ['upstream', '--upstream=https://api.example.com/v1/', 'https://api.example.com/v1'],
    ['upstream', '--upstream=http://127.0.0.1:8000', 'http://127.0.0.1:8000'],
    ['upstreamKey', '--upstream-key=sk-1=2', 'sk-1=2'],
    ['data', '--data=/var/lib/sluice', '/var/lib/sluice'],
    ['redis', '--redis=rediss://user:p%40ss@db.example.com:6380/2', 'rediss://user:p%40ss@db.example.com:6380/2'],
    ['redis', '--redis=redis+cluster://a:1,[::1]:2', 'redis+cluster://a:1,[::1]:2'],
    ['redis', '--redis=rediss+sentinel://:p@a,b:2/main/1', 'rediss+sentinel://:p@a,b:2/main/1'],
    ['redisWaitMs', '--redis-wait-ms=0', 0],
    ['onDisconnect', '--on-disconnect=cancel', 'cancel'],
    ['onDisconnect', '--on-disconnect=continue', 'continue'],
    ['onDisconnect', '--on-disconnect=0', { graceMs: 0 }],
    ['onDisconnect', '--on-disconnect=2500', { graceMs: 2500 }],
    ['auth', '--auth=bearer', 'bearer'],
    ['insecure', '--insecure', true],
    ['insecure', '--insecure=false', false],
    ['page', '--page', true],
    ['noPage', '--no-page', true],
    ['corsOrigin', '--cors-origin=*', ['*']],
    ['corsOrigin', '--cors-origin=null', ['null']],
    ['allowedHost', '--allowed-host=Chat.example.com, *', ['chat.example.com', '*']],
    ['publicPrefix', '--public-prefix=/apps/sluice', '/apps/sluice'],
    ['corsOrigin', '--cors-origin=app://obsidian.md, file://', ['app://obsidian.md', 'file://']],
    ['logFormat', '--log-format=json', 'json'],
    ['firstTokenMs', '--first-token-ms=off', false],
    ['maxBodyBytes', '--max-body-bytes=1024', 1024],
    ['grpcMessageBytes', '--grpc-message-bytes=67108864', 67_108_864],
    ['grpcMessageMembers', '--grpc-message-members=250000', 250_000],
    [
      'corsOrigin',
      '--cors-origin=http://a.example:3000/,https://b.example',
      ['http://a.example:3000', 'https://b.example'],
    ],
    ['rotateAfterMs', '--rotate-after-ms=1000', 1000],
    ['rotateAfterMs', '--rotate-after-ms=off', false],
    ['drainMs', '--drain-ms=0', 0],
    ['log', '--log=quiet', 'quiet'],
  ] as const)('%s from %s', (name, flag, value) => {
    expect(parseGatewayOptions([flag], {})[name]).toEqual(value)
  })

  test('repeated origins and lists of origins add up, each once', () => {
    const argv = ['--cors-origin', 'http://a.example', '--cors-origin=http://b.example, http://a.example']
    expect(parseGatewayOptions(argv, {}).corsOrigin).toEqual(['http://a.example', 'http://b.example'])
  })

  test('every option has its environment variable', () => {
    const env = {
      PORT: '9000',
      HOST: '127.0.0.2',
      SLUICE_GRPC_PORT: '50051',
      SLUICE_UPSTREAM: 'http://backend/v1',
      SLUICE_UPSTREAM_KEY: ' key\n',
      // This, or Redis.
      SLUICE_DATA: '',
      SLUICE_REDIS_URL: 'rediss://cache',
      SLUICE_REDIS_CA: 'ca.pem',
      SLUICE_REDIS_CERT: 'client.pem',
      SLUICE_REDIS_KEY: 'client.key',
      SLUICE_REDIS_SERVER_NAME: 'cache.internal',
      SLUICE_REDIS_WAIT_MS: '20000',
      SLUICE_ON_DISCONNECT: 'continue',
      SLUICE_AUTH: 'bearer',
      SLUICE_INSECURE: '1',
      SLUICE_CORS_ORIGIN: 'http://a.example,http://b.example',
      SLUICE_ALLOWED_HOST: 'a.example',
      SLUICE_TICKET_SECRET: 'of thirty-two characters at least',
      SLUICE_PUBLIC_PREFIX: '/sluice',
      SLUICE_PAGE: 'true',
      SLUICE_NO_PAGE: '1',
      SLUICE_ROTATE_AFTER_MS: '20000',
      SLUICE_DRAIN_MS: '1000',
      SLUICE_LOG: 'debug',
      SLUICE_LOG_FORMAT: 'json',
      SLUICE_RECORD_FILE: 'traces.jsonl',
    }
    const limits = [...Object.values(JOB_ROWS), ...Object.values(LIMIT_ROWS)].map(({ variable }) => variable)
    expect([...Object.keys(env), ...limits]).toEqual(rows.flatMap(({ variable }) => variable ?? []))
    expect(parseGatewayOptions([], env)).toEqual({
      ...DEFAULT_GATEWAY_OPTIONS,
      port: 9000,
      host: '127.0.0.2',
      grpcPort: 50051,
      upstream: 'http://backend/v1',
      upstreamKey: 'key',
      redis: 'rediss://cache',
      redisCa: 'ca.pem',
      redisCert: 'client.pem',
      redisKey: 'client.key',
      redisServerName: 'cache.internal',
      redisWaitMs: 20_000,
      onDisconnect: 'continue',
      auth: 'bearer',
      insecure: true,
      corsOrigin: ['http://a.example', 'http://b.example'],
      allowedHost: ['a.example'],
      ticketSecret: 'of thirty-two characters at least',
      publicPrefix: '/sluice',
      page: true,
      noPage: true,
      rotateAfterMs: 20_000,
      drainMs: 1000,
      log: 'debug',
      logFormat: 'json',
      record: 'traces.jsonl',
    })
  })

  test('every limit can be set by its flag and by its variable, and has its default', () => {
    for (const [name, row] of Object.entries(LIMIT_ROWS)) {
      expect(row.variable).toBe(`SLUICE_${row.flag.slice(2).replaceAll('-', '_').toUpperCase()}`)
      const given = { [name]: Number(row.example) }
      expect(parseGatewayOptions([`${row.flag}=${row.example}`], {})).toMatchObject(given)
      expect(parseGatewayOptions([], { [row.variable!]: row.example })).toMatchObject(given)
      expect(DEFAULT_GATEWAY_OPTIONS).toHaveProperty(name)
    }
  })

  test('what can be switched off can be, and says so; what cannot is refused', () => {
    for (const [name, row] of Object.entries(LIMIT_ROWS)) {
      if (row.value?.endsWith('|off'))
        expect(parseGatewayOptions([row.flag, 'off'], {})).toMatchObject({ [name]: false })
      else expect(refusal([row.flag, 'off'])).toContain(`${row.flag} (${row.variable}) is "off"`)
    }
  })

  test('what Kubernetes says of a service is no option, whichever its name', () => {
    const link = 'tcp://10.96.0.13:50051'
    const env: Record<string, string> = {}
    for (const { variable = '' } of rows) {
      const service = variable.replace(/_PORT$/, '')
      Object.assign(env, {
        [`${service}_PORT`]: link,
        [`${service}_SERVICE_HOST`]: '10.96.0.13',
        [`${service}_SERVICE_PORT`]: '50051',
        [`${service}_PORT_50051_TCP`]: link,
        [`${service}_PORT_50051_TCP_ADDR`]: '10.96.0.13',
      })
    }
    expect(env).toHaveProperty('SLUICE_GRPC_PORT')
    expect(parseGatewayOptions([], env)).toEqual(DEFAULT_GATEWAY_OPTIONS)
    expect(refusal(['--grpc-port', link])).toContain('--grpc-port')
  })

  test('a flag wins over its variable, even over one that is wrong', () => {
    expect(parseGatewayOptions(['--port', '1'], { PORT: '2' }).port).toBe(1)
    expect(parseGatewayOptions(['--port', '1'], { PORT: 'tcp://10.0.0.1:80' }).port).toBe(1)
    expect(parseGatewayOptions(['--cors-origin=*'], { SLUICE_CORS_ORIGIN: 'http://a.example' }).corsOrigin).toEqual([
      '*',
    ])
    expect(parseGatewayOptions(['--insecure=false'], { SLUICE_INSECURE: 'true' }).insecure).toBe(false)
  })

  test('an empty variable counts as unset', () => {
    expect(parseGatewayOptions([], { PORT: '', SLUICE_UPSTREAM: ' ' })).toEqual(DEFAULT_GATEWAY_OPTIONS)
  })

  test('every valid port arrives as it was given, either way', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 65_535 }), fc.boolean(), (port, joined) => {
        const argv = joined ? [`--port=${port}`] : ['--port', String(port)]
        return parseGatewayOptions(argv, {}).port === port && parseGatewayOptions([], { PORT: `${port}` }).port === port
      }),
    )
  })
})
