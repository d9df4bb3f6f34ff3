import { createSluice, isSluiceError } from '@sluice/core'
import {
  createGrpcHandler,
  createGrpcRoutes,
  createGrpcServer,
  DEFAULT_GRPC_ROUTES_OPTIONS,
  DEFAULT_GRPC_SERVER_OPTIONS,
} from '@sluice/grpc'
import { describe, expect, test } from 'vitest'

import { parseGrpcTimeout } from '../src/message/call-timeout.ts'

const sluice = createSluice()
const identify = (): undefined => undefined

function refusal(make: () => unknown): string {
  try {
    make()
  } catch (error) {
    if (isSluiceError(error) && error.code === 'SLUICE_ERR_OPTION') return error.message
    throw error
  }
  return 'nothing'
}

describe('options', () => {
  test.each([
    ['sluice', { sluice: undefined }],
    ['identify', { identify: 'me' }],
    ['run', { run: {} }],
    ['onError', { onError: 1 }],
    ['stallMs', { reader: { stallMs: -1 } }],
    ['maxRequestBytes', { maxRequestBytes: 0 }],
    ['maxRequestMembers', { maxRequestMembers: 0 }],
    ['maxSessionReadings', { maxSessionReadings: 1.5 }],
  ])('are checked where they are given: %s', (name, wrong) => {
    const options = { sluice, identify, ...wrong } as never
    expect(refusal(() => createGrpcRoutes(options))).toContain(`"${name}"`)
    expect(refusal(() => createGrpcHandler(options))).toContain(`"${name}"`)
    expect(refusal(() => createGrpcServer(options))).toContain(`"${name}"`)
  })

  test.each([
    ['port', { port: 65_536 }],
    ['maxCallsPerConnection', { maxCallsPerConnection: 0 }],
    ['keepAliveMs', { keepAliveMs: -1 }],
    ['keepAliveTimeoutMs', { keepAliveTimeoutMs: Infinity }],
  ])('of the server too: %s', (name, wrong) => {
    expect(refusal(() => createGrpcServer({ sluice, identify, ...wrong }))).toContain(`"${name}"`)
  })

  test('that are misspelled are refused, each with the names that there are', () => {
    const misspelled = { sluice, identify, maxRequestByte: 3 } as never
    const known =
      'known are: sluice, identify, run, reader, maxRequestBytes, maxRequestMembers, maxSessionReadings, reflection, onError'
    const more = ', port, host, maxCallsPerConnection, keepAliveMs, keepAliveTimeoutMs.'
    const refused = 'There is no option "maxRequestByte"; '
    expect(refusal(() => createGrpcRoutes(misspelled))).toBe(`${refused}${known}.`)
    expect(refusal(() => createGrpcHandler(misspelled))).toBe(`${refused}${known}, shutdownSignal.`)
    expect(refusal(() => createGrpcServer(misspelled))).toBe(`${refused}${known}${more}`)
  })

  test('left out or undefined are the default', () => {
    const none = { maxRequestBytes: undefined, maxSessionReadings: undefined, reflection: undefined, port: undefined }
    expect(refusal(() => createGrpcServer({ sluice, identify, ...none }))).toBe('nothing')
    expect({ ...DEFAULT_GRPC_ROUTES_OPTIONS, ...DEFAULT_GRPC_SERVER_OPTIONS }).toMatchInlineSnapshot(`
      {
        "host": "127.0.0.1",
        "keepAliveMs": 30000,
        "keepAliveTimeoutMs": 10000,
        "maxCallsPerConnection": 1000,
        "maxRequestBytes": 1048576,
        "maxRequestMembers": 25000,
        "maxSessionReadings": 100,
        "port": 50051,
        "reflection": true,
      }
    `)
  })
})

describe('grpc-timeout', () => {
  test.each([
    [undefined, undefined],
    ['1H', 3_600_000],
    ['2M', 120_000],
    ['3S', 3_000],
    ['4m', 4],
    ['5u', 1],
    ['6n', 1],
    ['99999999H', 2_147_483_647],
  ])('%s is %s ms', (value, expected) => {
    expect(parseGrpcTimeout(value)).toBe(expected)
  })

  test.each(['', '1', 'S', '-1S', '1s', '123456789S', '1.5S'])('%j is malformed', (value) => {
    expect(() => parseGrpcTimeout(value)).toThrow('malformed')
  })
})
