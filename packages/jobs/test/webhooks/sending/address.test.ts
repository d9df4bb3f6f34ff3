import { describe, expect, test } from 'vitest'

import { resolveAddressRules, type WebhookAddressOptions } from '../../../src/webhooks/address/address-options.ts'
import { checkUrl } from '../../../src/webhooks/address/check-url.ts'
import { isPublicAddress } from '../../../src/webhooks/address/public-address.ts'
import { resolveAllowed } from '../../../src/webhooks/address/resolve-host.ts'
import { isAllowedSocket } from '../../../src/webhooks/sending/post.ts'

const STRICT = resolveAddressRules()
const refused = expect.objectContaining({ code: 'SLUICE_ERR_WEBHOOK_URL', status: 422 }) as Error

/** Addresses that are not of the public internet, each written in a way of its own. */
const INSIDE: Readonly<Record<string, string>> = {
  'this host': '0.0.0.0',
  'this network': '0.1.2.3',
  loopback: '127.0.0.1',
  'another loopback': '127.255.255.254',
  'private, class A': '10.0.0.1',
  'private, class B': '172.16.0.1',
  'private, class B, its end': '172.31.255.255',
  'private, class C': '192.168.1.1',
  'link local, metadata of clouds': '169.254.169.254',
  'metadata of containers': '169.254.170.2',
  'carrier-grade NAT': '100.64.0.1',
  'metadata of Alibaba': '100.100.100.200',
  'metadata of Oracle': '192.0.0.192',
  'wire server of Azure': '168.63.129.16',
  'wire server of Azure, mapped': '::ffff:168.63.129.16',
  benchmarking: '198.18.0.1',
  'benchmarking, its end': '198.19.255.255',
  documentation: '192.0.2.1',
  'more documentation': '203.0.113.7',
  multicast: '224.0.0.1',
  reserved: '240.0.0.1',
  broadcast: '255.255.255.255',
  unspecified: '::',
  'loopback of IPv6': '::1',
  'loopback, mapped': '::ffff:127.0.0.1',
  'private, mapped, in hexadecimal': '::ffff:a00:1',
  'private, compatible': '::10.0.0.1',
  'private, compatible, in hexadecimal': '::a00:1',
  'site local': 'fec0::1',
  'not given out': '4000::1',
  'private by NAT64': '64:ff9b::a00:1',
  'private by local NAT64': '64:ff9b:1::a00:1',
  'private by 6to4': '2002:a00:1::',
  'private by Teredo': '2001:0:a00:1::',
  'unique local': 'fc00::1',
  'metadata of Amazon': 'fd00:ec2::254',
  'link local of IPv6': 'fe80::1',
  'link local with a zone': 'fe80::1%eth0',
  'multicast of IPv6': 'ff02::1',
  'documentation of IPv6': '2001:db8::1',
  'more documentation of IPv6': '3fff::1',
  'segment routing': '5f00::1',
  'discard only': '100::1',
}
const OUTSIDE = [
  '8.8.8.8',
  '1.1.1.1',
  '93.184.216.34',
  '172.32.0.1',
  '2606:4700:4700::1111',
  '2a00:1450:4001:829::200e',
]

describe('an address inside', () => {
  test.each(Object.entries(INSIDE))('%s is refused: %s', (_, address) => expect(isPublicAddress(address)).toBe(false))

  test.each(Object.entries(INSIDE))('%s is refused as the host of a URL: %s', (_, address) => {
    const host = address.includes(':') ? `[${address}]` : address
    expect(() => checkUrl(`https://${host}/hook`, STRICT)).toThrow(refused)
  })

  test.each(Object.entries(INSIDE))('%s is refused where a connection has come to it: %s', (_, remoteAddress) =>
    expect(isAllowedSocket({ remoteAddress }, STRICT)).toBe(false),
  )

  test('a connection that has no address is refused', () =>
    expect(isAllowedSocket({ remoteAddress: undefined }, STRICT)).toBe(false))
})

test.each(OUTSIDE)('an address of the public internet is taken: %s', (address) => {
  expect(isPublicAddress(address)).toBe(true)
  expect(isAllowedSocket({ remoteAddress: address }, STRICT)).toBe(true)
  expect(checkUrl(`https://${address.includes(':') ? `[${address}]` : address}/`, STRICT).protocol).toBe('https:')
})

describe('the text of a URL', () => {
  test.each([
    ['a number for an address', 'https://2130706433/'],
    ['hexadecimal', 'https://0x7f.1/'],
    ['octal', 'https://0177.0.0.1/'],
    ['a short form', 'https://127.1/'],
    ['full-width digits', 'https://１２７.0.0.1/'],
    ['a dot behind', 'https://127.0.0.1./'],
    ['localhost', 'https://localhost/'],
    ['localhost with a dot behind', 'https://localhost./'],
    ['a name below localhost', 'https://app.localhost/'],
    ['capitals', 'https://LOCALHOST/'],
    ['one label', 'https://postgres/'],
    ['one label with a dot behind', 'https://postgres./'],
    ['.local', 'https://printer.local/'],
    ['.internal', 'https://metadata.google.internal/'],
    ['.internal with a dot behind', 'https://metadata.google.internal./'],
    ['a service of a cluster', 'https://api.default.svc/'],
    ['a service of a cluster, in full', 'https://api.default.svc.cluster.local/'],
    ['an empty label', 'https://a..com/'],
    ['http', 'http://example.com/'],
    ['ftp', 'ftp://example.com/'],
    ['a file', 'file:///etc/passwd'],
    ['javascript', 'javascript:alert(1)'],
    ['data', 'data:text/plain,a'],
    ['another port', 'https://example.com:8443/'],
    ['port 0', 'https://example.com:0/'],
    ['the port of SSH', 'https://example.com:22/'],
    ['a user name', 'https://ada@example.com/'],
    ['a password', 'https://:secret@example.com/'],
    ['no host', 'https://'],
    ['no scheme', 'example.com/hook'],
    ['nothing', ''],
    ['too much', `https://example.com/${'a'.repeat(2048)}`],
  ])('with %s is refused: %s', (_, text) => expect(() => checkUrl(text, STRICT)).toThrow(refused))

  test.each([[undefined], [null], [7], [{}], [['https://example.com/']]])('that is no text is refused: %j', (given) =>
    expect(() => checkUrl(given, STRICT)).toThrow(refused),
  )

  test.each([
    'https://example.com/hook?x=1',
    'https://example.com:443/',
    'https://a.b.example.co.uk/',
    'https://bücher.example.com/',
  ])('of the public internet is taken: %s', (text) => expect(checkUrl(text, STRICT).href).toBe(new URL(text).href))

  test('may name other ports, http or what is inside only where that is allowed by name', () => {
    const by = (options: WebhookAddressOptions) => (text: string) => checkUrl(text, resolveAddressRules(options)).href
    expect(by({ ports: [443, 8443] })('https://example.com:8443/')).toBe('https://example.com:8443/')
    expect(() => by({ ports: [8443] })('https://example.com/')).toThrow(refused)
    expect(by({ dangerouslyAllowHttp: true })('http://example.com/')).toBe('http://example.com/')
    expect(() => by({ dangerouslyAllowHttp: true })('http://example.com:8080/')).toThrow(refused)
    expect(() => by({ dangerouslyAllowHttp: true })('http://127.0.0.1/')).toThrow(refused)
    expect(by({ dangerouslyAllowPrivate: true })('https://postgres/')).toBe('https://postgres/')
    expect(() => by({ dangerouslyAllowPrivate: true })('http://postgres/')).toThrow(refused)
  })
})

describe('the addresses of a name', () => {
  const signal = new AbortController().signal
  const leadingTo = (...addresses: string[]) =>
    resolveAddressRules({
      resolve: async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    })

  test('are all looked at: one inside among those outside is enough', async () => {
    const found = await resolveAllowed('example.com', leadingTo(...OUTSIDE), signal)
    expect(found.map(({ address }) => address)).toEqual(OUTSIDE)
    for (const inside of Object.values(INSIDE))
      await expect(resolveAllowed('example.com', leadingTo(...OUTSIDE, inside), signal)).rejects.toThrow(refused)
  })

  test('that are many are tried up to a bound, and still all looked at', async () => {
    const many = Array.from({ length: 100 }, (_, index) => `8.8.4.${index}`)
    expect(await resolveAllowed('example.com', leadingTo(...many), signal)).toHaveLength(8)
    await expect(resolveAllowed('example.com', leadingTo(...many, '10.0.0.1'), signal)).rejects.toThrow(refused)
  })

  test('are not told apart from a name that is not there', async () => {
    const failing = resolveAddressRules({ resolve: () => Promise.reject(new Error('ENOTFOUND')) })
    const messages = await Promise.all(
      [leadingTo('10.0.0.1'), leadingTo(), failing].map((rules) =>
        resolveAllowed('a.example.com', rules, signal).then(undefined, (error: unknown) => (error as Error).message),
      ),
    )
    expect(new Set(messages).size).toBe(1)
    expect(messages[0]).not.toContain('10.0.0.1')
  })
})

describe('options of addresses', () => {
  test.each([
    ['a text for a switch', { dangerouslyAllowPrivate: 'false' }],
    ['a number for a switch', { dangerouslyAllowHttp: 1 }],
    ['no ports', { ports: [] }],
    ['a port that is none', { ports: [70_000] }],
    ['an unknown name', { allowPrivate: true }],
    ['no function', { resolve: 'dns' }],
  ])('%s is refused', (_, options) => {
    expect(() => resolveAddressRules(options as WebhookAddressOptions)).toThrow(
      expect.objectContaining({ code: 'SLUICE_ERR_OPTION' }) as Error,
    )
  })
})
