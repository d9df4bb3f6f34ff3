import * as integration from '@sluice/rxjs'
import { expect, test } from 'vitest'

test('exports what it says, and no more', () => {
  expect(Object.keys(integration).toSorted()).toEqual([
    'accumulate',
    'chunkBy',
    'fromObservable',
    'measure',
    'retryResume',
    'toObservable',
    'untilCancel',
  ])
})
