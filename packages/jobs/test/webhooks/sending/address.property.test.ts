import { BlockList } from 'node:net'

import { check } from '@sluice/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { resolveAddressRules } from '../../../src/webhooks/address/address-options.ts'
import { checkUrl, hostOf } from '../../../src/webhooks/address/check-url.ts'
import { isPublicAddress } from '../../../src/webhooks/address/public-address.ts'

/** What the registries of IANA reserve, as an oracle of its own. */
const RESERVED = new BlockList()
for (const range of [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ...['224.0.0.0/4', '240.0.0.0/4'],
]) {
  const [net, bits] = range.split('/')
  RESERVED.addSubnet(net!, Number(bits), 'ipv4')
}
RESERVED.addAddress('168.63.129.16')

const byte = fc.nat({ max: 255 })
const quad = fc.tuple(byte, byte, byte, byte)
/** Most of the reserved ranges begin so. */
const likely = fc.tuple(
  fc.constantFrom(0, 10, 100, 127, 168, 169, 172, 192, 198, 203, 224, 240, 255),
  fc.constantFrom(0, 2, 16, 18, 31, 63, 64, 88, 100, 127, 168, 254),
  fc.constantFrom(0, 2, 99, 100, 113, 129),
  byte,
)
const quads = fc.oneof(quad, likely)

test('an IPv4 address is public exactly where no registry reserves it', () =>
  check(
    fc.property(quads, (bytes) => {
      const address = bytes.join('.')
      expect([address, isPublicAddress(address)]).toEqual([address, !RESERVED.check(address)])
    }),
    { numRuns: 5_000 },
  ))

test('an IPv4 address within one of IPv6 is refused at least where it is refused by itself', () =>
  check(
    fc.property(quads, (bytes) => {
      const dotted = bytes.join('.')
      const [a, b, c, d] = bytes
      const high = ((a << 8) | b).toString(16)
      const low = ((c << 8) | d).toString(16)
      const within = [`::ffff:${dotted}`, `::ffff:${high}:${low}`, `::${dotted}`, `::${high}:${low}`]
      const translated = [
        `64:ff9b::${high}:${low}`,
        `64:ff9b:1::${high}:${low}`,
        `2002:${high}:${low}::1`,
        `::ffff:0:${high}:${low}`,
      ]
      if (isPublicAddress(dotted)) return
      for (const address of [...within, ...translated])
        expect([address, isPublicAddress(address)]).toEqual([address, false])
    }),
    { numRuns: 5_000 },
  ))

test('however an address is written in a URL, what is judged is what is connected to', () =>
  check(
    fc.property(quads, fc.constantFrom('decimal', 'hexadecimal', 'octal', 'one number', 'short'), (bytes, form) => {
      const [a, b, c, d] = bytes
      const number = a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d
      const written = {
        decimal: bytes.join('.'),
        hexadecimal: bytes.map((one) => `0x${one.toString(16)}`).join('.'),
        octal: bytes.map((one) => `0${one.toString(8)}`).join('.'),
        'one number': String(number),
        short: `${a}.${number % 2 ** 24}`,
      }[form]
      const take = (): URL => checkUrl(`https://${written}/`, resolveAddressRules())
      if (RESERVED.check(bytes.join('.'))) expect(take).toThrow('names no host of the public internet')
      else expect(hostOf(take())).toBe(bytes.join('.'))
    }),
  ))
