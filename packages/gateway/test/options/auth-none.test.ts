import { describe, expect, test } from 'vitest'
import { parseGatewayOptions } from '../../src/options/options.ts'
import { refusal } from '../rig/option-refusal.ts'

describe('auth none', () => {
  test.each(['127.0.0.1', '127.8.9.1', 'localhost', '::1', '[::1]', '::ffff:127.0.0.1'])('is allowed on %s', (host) => {
    expect(parseGatewayOptions(['--host', host], {}).auth).toBe('none')
  })

  test.each(['0.0.0.0', '::', '10.0.0.1', 'localhost.example.com', '127.example.com'])('is refused on %s', (host) => {
    const message = refusal(['--host', host])
    for (const name of ['--auth (SLUICE_AUTH)', '--host (HOST)', host, '--insecure (SLUICE_INSECURE)']) {
      expect(message).toContain(name)
    }
  })

  test('is allowed anywhere with --insecure, and bearer needs nothing', () => {
    expect(parseGatewayOptions(['--host', '0.0.0.0', '--insecure'], {}).host).toBe('0.0.0.0')
    expect(parseGatewayOptions(['--auth', 'bearer'], { HOST: '0.0.0.0' }).host).toBe('0.0.0.0')
  })
})
