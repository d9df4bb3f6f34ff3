import * as integration from '@sluice/express'
import { expect, test } from 'vitest'

test('exports what it says, and no more', () => {
  expect(Object.keys(integration)).toEqual(['sluiceRouter'])
})
