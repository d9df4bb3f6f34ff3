import { DEFAULT_STREAM_OPTIONS, type SourceContext } from '@sluice/core'
import { TEXT_COST_BYTES, Log, Scheduler } from '@sluice/core/extend'
import { expect, test } from 'vitest'
import { Reader } from '../../src/reader/reader.ts'
import { Pump } from '../../src/source/pump.ts'
import { createVirtualRuntime } from '../rig/core-rig.ts'

const TOKEN = 'x'.repeat(100 - TEXT_COST_BYTES)
const nothing = (): void => {}
const HOST = {
  sourceOpened: nothing,
  sourceBegan: nothing,
  sourcePulled: nothing,
  sourceFinished: nothing,
  sourceFailed: nothing,
  sourceStopped: nothing,
}

test('contract 10: the log knows that the window holds the source back, and not that its store does', async () => {
  const runtime = createVirtualRuntime()
  const log = new Log('stream', 1, { retentionBytes: 4_000 })
  log.produce(1, 'appended', { appended: nothing })
  const options = { ...DEFAULT_STREAM_OPTIONS, windowBytes: 300, retentionBytes: 4_000 }
  const pump = new Pump(new Scheduler(runtime), { log, owner: HOST, options, rewrite: undefined })
  log.watchers.add({ readersChanged: () => pump.resumeIfRoom(), furthestMoved: () => pump.resumeIfRoom() })
  const [near, far] = [new Reader(log, 0), new Reader(log, 0)]
  for (const reader of [near, far]) reader.attach()
  void pump.run(function* () {
    for (;;) yield TOKEN
  }, {} as SourceContext)
  const lead = (): number => log.lastSeq - far.seq
  await runtime.flush()
  expect([lead(), log.windowHeld]).toEqual([3, true])

  while (log.lastSeq < 20) {
    far.take(Infinity, Infinity)
    await runtime.flush()
  }
  expect([log.lastSeq, log.windowHeld], 'held by the store').toEqual([20, false])

  far.detach()
  expect(log.windowHeld, 'the one that is left is a window behind').toBe(true)
  log.storedUpTo(20)
  expect(log.windowHeld).toBe(true)
  near.take(Infinity, Infinity)
  expect(log.windowHeld).toBe(false)
  await runtime.flush()
  expect([log.lastSeq, log.windowHeld]).toEqual([23, true])
})
