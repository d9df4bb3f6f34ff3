import { isSluiceError } from '@sluice/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { OPTION_TABLE } from '../../src/options/option-table.ts'
import { parseGatewayOptions } from '../../src/options/options.ts'
import { refusal } from '../rig/option-refusal.ts'

const rows = Object.values(OPTION_TABLE)

describe('what is refused', () => {
  test('a wrong value: the message names flag and variable, the value, the rule and the way out', () => {
    expect(refusal(['--port', '80a'])).toBe(
      '--port (PORT) is "80a", given as --port; it must be a whole number from 0 to 65535, where 0 takes any free ' +
        'port. Write --port 8080 or PORT=8080, or leave it out.',
    )
    expect(refusal([], { PORT: '-1' })).toContain('--port (PORT) is "-1", given as PORT;')
  })

  test.each([
    ['--port=65536'],
    ['--port=1.5'],
    ['--port='],
    ['--host=http://127.0.0.1'],
    ['--host=127.0.0.1:8080'],
    ['--upstream=127.0.0.1:8000'],
    ['--upstream=localhost:8000/v1'],
    ['--upstream=ftp://backend'],
    ['--upstream=http://backend/v1?key=1'],
    ['--data='],
    ['--data-bytes=1024'],
    ['--redis=localhost:6379'],
    ['--redis=http://localhost'],
    ['--redis=redis://a:1,b:2'],
    ['--redis=redis+sentinel://a:1'],
    ['--redis=redis://localhost?keyPrefix=mine'],
    ['--redis-server-name=rediss://localhost'],
    ['--redis-wait-ms=-1'],
    ['--on-disconnect=wait'],
    ['--on-disconnect=-5'],
    ['--on-disconnect=86400001'],
    ['--auth=basic'],
    ['--insecure=yes'],
    ['--cors-origin=chat.example.com'],
    ['--ticket-secret=short'],
    ['--allowed-host=https://chat.example.com'],
    ['--allowed-host=chat.example.com:8080'],
    ['--cors-origin=https://chat.example.com/app'],
    ['--cors-origin=https://a.example,,https://b.example'],
    ['--rotate-after-ms=999'],
    ['--rotate-after-ms=3600001'],
    ['--rotate-after-ms=never'],
    ['--drain-ms=forever'],
    ['--log=loud'],
    ['--log-format=xml'],
    ['--cors-origin=app://obsidian.md/index.html'],
    ['--max-body-bytes=1023'],
    ['--grpc-message-bytes=67108865'],
    ['--grpc-message-members=0'],
    ['--max-body-bytes=1e6'],
    ['--first-token-ms=0'],
    ['--idle-ms=never'],
  ])('%s', (flag) => {
    const row = rows.find((candidate) => flag.startsWith(`${candidate.flag}=`))
    const message = refusal([flag])
    expect(message).toContain(`${row?.flag} (${row?.variable}) is `)
    expect(message).toContain(`it must be ${row?.rule}`)
  })

  test.each([
    [['--data=d', '--redis=redis://a'], '--data (SLUICE_DATA) and --redis (SLUICE_REDIS_URL) are both given'],
    [['--redis-ca=ca.pem'], '--redis-ca (SLUICE_REDIS_CA) is for TLS, and --redis (SLUICE_REDIS_URL) does not begin'],
    [['--redis=redis://a', '--redis-server-name=b'], '--redis-server-name (SLUICE_REDIS_SERVER_NAME) is for TLS'],
    [['--redis=rediss://a', '--redis-cert=c'], '--redis-cert (SLUICE_REDIS_CERT) is given without --redis-key'],
    [['--redis=rediss+cluster://a', '--redis-key=c'], '--redis-key (SLUICE_REDIS_KEY) is given without --redis-cert'],
  ])('%j: what would be passed over in silence', (argv, told) => {
    expect(refusal(argv)).toContain(told)
  })

  test('a password in a URL is not shown, wherever it stands', () => {
    const told = refusal(['--redis=redis+sentinel://u:geheim@a?sentinelPassword=geheim'])
    expect(told).toContain('redis+sentinel://***@a?sentinelPassword=***')
    expect(told).not.toContain('geheim')
  })

  test('a flag without its value', () => {
    expect(refusal(['--port'])).toContain('--port (PORT) has no value')
    expect(refusal(['--port', '--host', '::1'])).toContain('--port (PORT) has no value')
  })

  test.each([
    ['--prot=1', '--port'],
    ['--upstrem=http://x', '--upstream'],
    ['--upstream_key=k', '--upstream-key'],
    ['--on-disconect=cancel', '--on-disconnect'],
    ['--onDisconnect=cancel', '--on-disconnect'],
    ['--cors-origins=*', '--cors-origin'],
  ])('%s, with the advice to write %s', (flag, nearest) => {
    expect(refusal([flag])).toContain(`Did you mean ${nearest}?`)
  })

  test('an unknown flag that resembles none points to the help', () => {
    expect(refusal(['--kubernetes'])).toBe('There is no option "--kubernetes". See --help for all there are.')
  })

  test('a word that is no flag', () => {
    expect(refusal(['8080'])).toContain('"8080" is no option')
    expect(refusal(['--insecure', '--', '--port=1'])).toContain('"--"')
  })

  test('passwords and keys stay out of messages', () => {
    const messages = [
      refusal(['--redis', 'http://user:hunter2@cache']),
      refusal(['--redis', ':hunter2@cache:6379']),
      refusal(['--upstream', 'http://user:hunter2/@x@backend']),
      refusal(['--upstream-key', 'hunter2 hunter2']),
      refusal([], { SLUICE_UPSTREAM_KEY: 'hunter2\nhunter2' }),
      refusal(['--upstream-kye=hunter2']),
    ]
    for (const message of messages) expect(message).not.toContain('hunter2')
  })

  test('whatever is given, the outcome is options or a SLUICE_ERR_OPTION', () => {
    const word = fc.oneof(fc.string(), fc.constantFrom('--', 'http://localhost', ...rows.map(({ flag }) => flag)))
    fc.assert(
      fc.property(fc.array(word), (argv) => {
        try {
          parseGatewayOptions(argv, {})
        } catch (error) {
          if (!isSluiceError(error) || error.code !== 'SLUICE_ERR_OPTION') throw error
        }
      }),
    )
  })
})

test('a retention that does not hold the window is refused, with both options', () => {
  const message = refusal(['--retention-bytes', '65536'])
  expect(message).toContain('--retention-bytes (SLUICE_RETENTION_BYTES) is 65536')
  expect(message).toContain('--window-bytes (SLUICE_WINDOW_BYTES) is 65536')
  expect(parseGatewayOptions(['--retention-bytes', '32768', '--window-bytes', '16384'], {}).windowBytes).toBe(16_384)
})
