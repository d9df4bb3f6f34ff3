import { describe, expect, test } from 'vitest'

import { explainFailure, withoutArguments } from '../../src/connection/connection-failure.ts'
import { judgeServer } from '../../src/start-up/server-info.ts'

function failure(message: string, more: object = {}): Error {
  return Object.assign(new Error(message), more)
}

describe('why there is no connection is told with the way out', () => {
  test.for([
    ['getaddrinfo ENOTFOUND redis', {}, 'name', false],
    ['getaddrinfo EAI_AGAIN redis', {}, 'name', false],
    ['connect ECONNREFUSED 127.0.0.1:1', {}, 'refused', false],
    ['self-signed certificate in certificate chain', { code: 'SELF_SIGNED_CERT_IN_CHAIN' }, 'TLS', true],
    ["Hostname/IP does not match certificate's altnames", { code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, 'TLS', true],
    ['write EPROTO 1:error:0A00010B:SSL routines:ssl3_get_record:wrong version number', {}, 'TLS', true],
    ['tlsv13 alert certificate required', { code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' }, 'TLS', true],
    ['WRONGPASS invalid username-password pair or user is disabled.', {}, 'login', true],
    ['NOAUTH HELLO must be called with the client already authenticated', {}, 'login', true],
    ['ERR This instance has cluster support disabled', {}, 'wrong server', true],
    ['ERR DB index is out of range', {}, 'wrong server', true],
    ['Failed to refresh slots cache.', { lastNodeError: failure('connect ECONNREFUSED 10.0.0.1:2') }, 'refused', false],
    ['read ECONNRESET', {}, 'closed', false],
    ['LOADING Redis is loading the dataset in memory', {}, 'other', false],
  ] as const)('%s', ([message, more, kind, isHopeless]) => {
    const explained = explainFailure(failure(message, more))
    expect(explained).toMatchObject({ kind, isHopeless })
    if (kind !== 'other') expect(explained.words.length).toBeGreaterThan(message.length)
  })

  test('of several addresses the first is told, with its code where the words lack it', () => {
    const tried = new AggregateError([failure('connect ECONNREFUSED ::1:1'), failure('other')])
    expect(explainFailure(tried)).toMatchObject({ kind: 'refused' })
    expect(explainFailure(failure('handshake', { code: 'EPROTO' })).words).toContain('(EPROTO)')
  })

  test('a connection that is reset may lack a client certificate: what the server says of it may be lost', () => {
    expect(explainFailure(failure('write ECONNRESET')).words).toContain('client certificate')
  })

  test('a server that has answered before is not suspected of another protocol', () => {
    expect(explainFailure(failure('read ECONNRESET'), true).words).toBe('read ECONNRESET.')
  })

  test('arguments and places in scripts are left out', () => {
    expect(withoutArguments("ERR unknown command 'evalsha', with args beginning with: 'secret' 'more'")).toBe(
      "ERR unknown command 'evalsha'",
    )
    const script = "READONLY You can't write. script: 34557bb62ee00867bc93043a3cb36442aa2055e4, on @user_script:10."
    expect(withoutArguments(script)).toBe("READONLY You can't write")
  })
})

describe('what a server says of itself', () => {
  test.for(['redis_version:6.2.14', 'redis_version:5.0.7'])('%s is too old', (info) => {
    expect(judgeServer(`${info}\r\nmaxmemory_policy:noeviction\r\n`).refusal).toContain(info.slice(14))
  })

  test.for(['redis_version:7.2.4\r\nvalkey_version:9.1.2', 'redis_version:8.0.2', 'redis_version:10.0.0'])(
    '%s will do',
    (info) => {
      expect(judgeServer(`${info}\r\nmaxmemory_policy:noeviction\r\n`)).toEqual({})
    },
  )
})
