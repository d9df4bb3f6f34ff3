import { check } from '@sluice/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { createKeySeal } from '../../src/door/key-seal.ts'

const seal = createKeySeal('a secret of thirty-two characters, or more')
const part = fc.stringMatching(/^[\w-]{1,40}$/)
const ticket = fc.tuple(part, part).map((parts) => parts.join('.'))
const key = fc.string({ minLength: 1, maxLength: 200, unit: 'grapheme' })

describe('a key that goes with a ticket', () => {
  test('comes back with it, and is neither to be read nor the same twice', async () => {
    await check(
      fc.property(ticket, key, (plain, secret) => {
        const sealed = seal.put(plain, secret)
        expect(seal.take(sealed)).toEqual({ ticket: plain, key: secret })
        expect(sealed).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
        expect(seal.put(plain, secret)).not.toBe(sealed)
      }),
    )
  })

  test('is given with no other ticket, by no other secret, and not when it was altered', async () => {
    const other = createKeySeal('another secret of thirty-two characters')
    await check(
      fc.property(ticket, ticket, fc.nat(), (one, two, at) => {
        fc.pre(one !== two)
        const sealed = seal.put(one, 'sk-ada')
        const box = sealed.slice(one.length + 1)
        const bytes = Buffer.from(box, 'base64url')
        bytes[at % bytes.length]! ^= 1
        for (const forged of [`${two}.${box}`, `${one}.${bytes.toString('base64url')}`, `${one}.`, `${one}.AAAA`])
          expect(seal.take(forged)).toBeUndefined()
        expect(other.take(sealed)).toBeUndefined()
      }),
    )
  })

  test('is left out where it is too long for a header', () => {
    expect(seal.put('a.b', 'k'.repeat(4_097))).toBe('a.b')
    expect(seal.take('a.b')).toEqual({ ticket: 'a.b', key: undefined })
  })
})
