import { createWebhookSecret, verifyWebhook } from '@sluice/jobs/webhooks'
import { check } from '@sluice/testing'
import fc from 'fast-check'
import OpenAI from 'openai'
import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'

import { keyOfSecret } from '../../src/webhooks/signature/secret.ts'
import { signatureHeaders } from '../../src/webhooks/signature/sign.ts'

const openai = new OpenAI({ apiKey: 'none' })
const nowS = (): number => Math.floor(Date.now() / 1000)
const jsonBodies = fc.json({ noUnicodeString: false })
const ids = fc.stringMatching(/^evt_[A-Za-z0-9_-]{1,40}$/)

function signed(
  body: string,
  secrets: readonly string[],
  { id = 'evt_1', timestampS = nowS() } = {},
): Record<string, string> {
  return signatureHeaders({ id, timestampS, body }, secrets.map(keyOfSecret))
}

/** All who read webhooks of this standard: each throws at what it does not believe. */
const READERS = {
  verifyWebhook: (body: string, headers: Record<string, string>, secret: string) =>
    verifyWebhook({ body, headers, secret }),
  standardwebhooks: (body: string, headers: Record<string, string>, secret: string) =>
    new Webhook(secret).verify(body, headers),
  'openai unwrap': (body: string, headers: Record<string, string>, secret: string) =>
    openai.webhooks.unwrap(body, headers, secret),
}

describe.each(Object.entries(READERS))('%s', (_, read) => {
  test('reads what is signed, whatever the body says', () =>
    check(
      fc.asyncProperty(jsonBodies, ids, async (body, id) => {
        const secret = createWebhookSecret()
        expect(await read(body, signed(body, [secret], { id }), secret)).toEqual(JSON.parse(body))
      }),
      { numRuns: 200 },
    ))

  test('takes either secret while one is changed for another, and no third', async () => {
    const [now, before, other] = [createWebhookSecret(), createWebhookSecret(), createWebhookSecret()]
    const headers = signed('{}', [now, before])
    expect(headers['webhook-signature']!.split(' ')).toHaveLength(2)
    expect(await read('{}', headers, now)).toEqual({})
    expect(await read('{}', headers, before)).toEqual({})
    await expect(async () => read('{}', headers, other)).rejects.toThrow(/signature|timestamp|trusted|old|new/i)
  })

  test('refuses another body, another id, another time, and a time of long ago or ahead', async () => {
    const secret = createWebhookSecret()
    const headers = signed('{"a":1}', [secret])
    const forged: [string, Record<string, string>][] = [
      ['{"a":2}', headers],
      ['{"a":1}', { ...headers, 'webhook-id': 'evt_2' }],
      ['{"a":1}', { ...headers, 'webhook-timestamp': String(nowS() - 5) }],
      ['{"a":1}', signed('{"a":1}', [secret], { timestampS: nowS() - 400 })],
      ['{"a":1}', signed('{"a":1}', [secret], { timestampS: nowS() + 400 })],
    ]
    for (const [body, given] of forged)
      await expect(async () => read(body, given, secret)).rejects.toThrow(/signature|timestamp|trusted|old|new/i)
  })
})

test('each attempt of a message has a signature of its own under one id', () => {
  const secret = createWebhookSecret()
  const [first, second] = [0, 1].map((later) => signed('{}', [secret], { timestampS: 1_800_000_000 + later }))
  expect(first!['webhook-id']).toBe(second!['webhook-id'])
  expect(first!['webhook-signature']).not.toBe(second!['webhook-signature'])
  expect(first!['webhook-timestamp']).not.toBe(second!['webhook-timestamp'])
})

test('a signature is that of the specification, byte for byte', () => {
  const secret = createWebhookSecret()
  const at = new Date(1_700_000_000_000)
  expect(signed('{"é":1}', [secret], { timestampS: 1_700_000_000 })['webhook-signature']).toBe(
    new Webhook(secret).sign('evt_1', at, '{"é":1}'),
  )
})

describe('a secret', () => {
  test('is whsec_ and base64 of 32 bytes, a new one each time', () => {
    const secrets = Array.from({ length: 100 }, createWebhookSecret)
    expect(new Set(secrets).size).toBe(100)
    for (const secret of secrets) {
      expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
      expect(Buffer.from(secret.slice(6), 'base64')).toHaveLength(32)
    }
  })

  test.each([24, 32, 64])('of %i bytes is taken', (bytes) => {
    expect(keyOfSecret(`whsec_${Buffer.alloc(bytes, 1).toString('base64')}`).symmetricKeySize).toBe(bytes)
  })

  test.each([
    ['23 bytes', `whsec_${Buffer.alloc(23).toString('base64')}`],
    ['65 bytes', `whsec_${Buffer.alloc(65).toString('base64')}`],
    ['no prefix', Buffer.alloc(32).toString('base64')],
    ['no base64', `whsec_${'-'.repeat(43)}`],
    ['nothing', undefined],
  ])('with %s is refused, and not shown', (_, secret) => {
    const refusal = expect.objectContaining({
      code: 'SLUICE_ERR_OPTION',
      message: expect.not.stringContaining(String(secret)) as string,
    }) as Error
    expect(() => keyOfSecret(secret)).toThrow(refusal)
  })
})

describe('verifyWebhook', () => {
  const secret = createWebhookSecret()
  const unauthorized = expect.objectContaining({ code: 'SLUICE_ERR_UNAUTHORIZED' }) as Error

  test('takes bytes, Headers and several secrets', () => {
    const headers = new Headers(signed('{"n":1}', [secret]))
    const body = new TextEncoder().encode('{"n":1}')
    expect(verifyWebhook({ body, headers, secret: [createWebhookSecret(), secret] })).toEqual({ n: 1 })
  })

  test.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])('asks for the header %s', (name) => {
    const headers = { ...signed('{}', [secret]), [name]: undefined }
    expect(() => verifyWebhook({ body: '{}', headers, secret })).toThrow(unauthorized)
  })

  test.each(['1e9', ' 1700000000', '-1', 'NaN', 'Infinity', '1700000000.5'])('takes %j for no time', (timestamp) => {
    const headers = { ...signed('{}', [secret]), 'webhook-timestamp': timestamp }
    expect(() => verifyWebhook({ body: '{}', headers, secret, toleranceS: 86_400 })).toThrow(unauthorized)
  })

  test('passes over versions that it does not know, and tries no endless list', () => {
    const headers = signed('{}', [secret])
    const known = headers['webhook-signature']!
    const withList = (list: string): Record<string, string> => ({ ...headers, 'webhook-signature': list })
    expect(verifyWebhook({ body: '{}', headers: withList(`v1a,xyz v2,${known.slice(3)} ${known}`), secret })).toEqual(
      {},
    )
    expect(() => verifyWebhook({ body: '{}', headers: withList(known.slice(3)), secret })).toThrow(unauthorized)
    expect(() => verifyWebhook({ body: '{}', headers: withList(`${'v1,a '.repeat(16)}${known}`), secret })).toThrow(
      unauthorized,
    )
  })

  test('tells a signed body that is no JSON from one that is not signed', () => {
    expect(() => verifyWebhook({ body: 'no', headers: signed('no', [secret]), secret })).toThrow(
      expect.objectContaining({ code: 'SLUICE_ERR_REQUEST' }) as Error,
    )
  })
})
