import * as integration from '@sluice/hono'
import { expect, test } from 'vitest'

test('exports what it says, and no more', () => {
  expect(Object.keys(integration).toSorted()).toEqual(['sluiceRouter', 'tokens'])
})
