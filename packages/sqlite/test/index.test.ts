import { expect, test } from 'vitest'

import * as extend from '../src/extend.ts'
import * as sqlite from '../src/index.ts'

test('exports these names', () => {
  expect(Object.keys(sqlite).toSorted()).toEqual(['DEFAULT_SQLITE_STORE_OPTIONS', 'sqliteStore'])
  expect(Object.keys(extend).toSorted()).toEqual([
    'Checkpoints',
    'Database',
    'PAGES_AT_ONCE',
    'PAGE_BYTES',
    'PAUSE_MS',
    'Stepwise',
    'asStoreError',
    'damaged',
    'freePages',
    'giveBackPages',
    'isFull',
    'openDisk',
    'openFile',
    'storeError',
    'usedBytes',
  ])
})
