import { check, verdictOnAnswer } from '@sluice/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { createIdentify } from '../../src/serve/identify.ts'

const headers = fc.oneof(
  fc.constant(undefined),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'binary' }).map((key) => `Bearer ${key}`),
  fc.constantFrom('Bearer', 'Bearer ', 'bearer server', 'BEARER sk', 'Basic c2VydmVy'),
)

test('contract 12: whatever is shown, the gateway knows a principal or nobody, and keys that differ are different owners', () => {
  const bearer = createIdentify('bearer')
  const everyone = createIdentify('none')
  return check(
    fc.property(headers, headers, (authorization, other) => {
      const principal = bearer({ headers: { authorization } })
      expect(verdictOnAnswer(principal)).not.toBe('fault')
      expect(principal?.owner).not.toBe('server')
      const keyOf = (shown: string | undefined) => /^bearer (.*)$/isu.exec(shown ?? '')?.[1]?.trim() || undefined
      expect(principal === undefined).toBe(keyOf(authorization) === undefined)
      const isSame = principal?.owner === bearer({ headers: { authorization: other } })?.owner
      expect(isSame).toBe(keyOf(authorization) === keyOf(other))
      expect(everyone({ headers: { authorization } })).toEqual({ owner: 'everyone' })
    }),
  )
})
