import { requireSafeJson } from '@sluice/core/extend'
import { expect, test } from 'vitest'

test('a body of nothing but depth is refused without a recursion', () => {
  const depth = 500_000
  const deep = JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown
  expect(() => requireSafeJson(deep, 'The body')).toThrow('The body is nested deeper than 100 levels.')
})

test('a member named __proto__ is refused at any depth; its like are data', () => {
  expect(() => requireSafeJson(JSON.parse('[{"a":{"__proto__":1}}]'), 'The body')).toThrow(/__proto__/)
  expect(requireSafeJson(JSON.parse('{"constructor":{"prototype":1}}'), 'The body')).toBeDefined()
})
