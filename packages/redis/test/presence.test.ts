import { Log, type LogReader, type StoredStream } from '@sluice/core/extend'
import { createVirtualRuntime } from '@sluice/testing'
import { expect, test } from 'vitest'

import { Presence } from '../src/replica/presence.ts'
import { createContext } from './search/scripted-context.ts'

const FACTS = { id: 'stream', tenant: '', owner: 'ada', key: undefined } as StoredStream['facts']

test('contract 9: tells of readers that come, go and get on, and not of one that takes another’s place', () => {
  const told: unknown[] = []
  const run = (_: unknown, __: unknown, args: readonly unknown[]): Promise<unknown> => {
    told.push(args[1])
    return Promise.resolve()
  }
  const log = new Log('stream', 1, { retentionBytes: 1024 })
  const presence = new Presence(
    createContext('here', createVirtualRuntime(), { run }),
    { facts: FACTS, log, timing: {} },
    { windowBytes: 64, number: 0 },
  )
  log.watchers.add({ readersChanged: () => presence.readersChanged() })
  const readerAt = (seq: number): LogReader => ({ seq, bytePosition: 0, wakeAt: Infinity, wake: () => {} })
  const [first, second, behind, ahead] = [readerAt(3), readerAt(3), readerAt(1), readerAt(5)]
  log.attach(first)
  expect(told).toEqual([3])
  // As a client does that polls: its next poll begins before its last place is given up.
  log.attach(second)
  log.readersChanged()
  log.detach(first)
  log.attach(behind)
  expect(told).toEqual([3])
  log.attach(ahead)
  log.detach(ahead)
  log.detach(second)
  log.detach(behind)
  expect(told).toEqual([3, 5, 3, 1, ''])
  presence.report()
  expect(told).toHaveLength(5)
})
