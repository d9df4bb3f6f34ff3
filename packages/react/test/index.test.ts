import * as react from '@sluice/react'
import { expect, test } from 'vitest'

test('what the package exports changes on purpose only', () => {
  expect(Object.keys(react)).toEqual(['useTokenStream'])
})
