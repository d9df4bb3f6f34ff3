import type * as fs from 'node:fs'
import { startRedisServer } from '@sluice/testing/redis'
import { expect, test, vi } from 'vitest'

vi.mock('node:fs', async (importOriginal) => ({
  ...(await importOriginal<typeof fs>()),
  accessSync: (file: string) => {
    throw new Error(`ENOENT: ${file}`)
  },
}))

test('without redis-server a start says how to get it', async () => {
  await expect(startRedisServer()).rejects.toThrow(
    /redis-server is neither on PATH nor in .*npm run setup.*apt-get install redis-server/,
  )
})
