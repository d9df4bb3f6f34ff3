import * as redis from '@sluice/testing/redis'
import { expect, test } from 'vitest'

test('exports these names and no others', () => {
  expect(Object.keys(redis).toSorted()).toEqual(
    [
      'ReplyMeddler',
      'RespError',
      'clusterSlotOf',
      'startCluster',
      'startRedisServer',
      'startReplicated',
      'startSentinel',
      'startTlsRedis',
    ].toSorted(),
  )
})
