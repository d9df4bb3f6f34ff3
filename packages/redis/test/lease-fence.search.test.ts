import type { Log } from '@sluice/core/extend'
import { describe, expect, test } from 'vitest'

import type { Chunk } from '../src/protocol/chunk-codec.ts'
import { explore } from './search/explore.ts'
import { type Budget, FenceScene } from './search/fence-scene.ts'
import { textOf } from './search/scripted-log.ts'

const NONE: Budget = {
  tokens: 2,
  lost: 0,
  late: 0,
  crash: 0,
  lapse: 1,
  judge: 1,
  renew: 0,
  read: 0,
  wipe: 0,
  rollBack: 0,
}

function search(budget: Budget): Promise<number> {
  return explore({
    async replay(path) {
      const scene = new FenceScene(budget)
      for (const action of path) await scene.do(action)
      return scene
    },
    check(scene, path, settled) {
      assertAt(path, scene, problemOf(scene) ?? (settled ? unsettled(scene, path) : undefined))
    },
  })
}

function assertAt(path: readonly string[], { store, a, b }: FenceScene, problem: string | undefined): void {
  if (problem) throw new Error(`${problem}: ${JSON.stringify({ path, store: store.now, a: a.state, b: b.state })}`)
}

/** What must hold at any time. */
function problemOf({ store, a, b }: FenceScene): string | undefined {
  const entries = store.now?.entries ?? []
  let seq = 0
  let epoch = 0
  const tokens = new Set<string>()
  for (const chunk of entries) {
    if (chunk.firstSeq !== seq + 1) return 'I6: the log has a hole'
    if (chunk.epoch < epoch) return 'I6: an older producer wrote after a newer one'
    if (seq > 0 && store.now!.record.end && seq === store.now!.record.seq) return 'I4: something follows the end'
    for (const event of chunk.events) {
      if (tokens.has(textOf(event))) return 'I7: something was written twice'
      tokens.add(textOf(event))
    }
    seq += chunk.events.length
    epoch = chunk.epoch
  }
  for (const { produced } of [a, b]) {
    const log = produced?.stream.log
    if (!log) continue
    if (!log.lost && !entries.every((chunk) => agrees(log, chunk)))
      return 'I17: a cursor means one thing here, another there'
    const shown = log.slice(log.firstSeq, log.committed).map(textOf).join('')
    if (![...store.versions].some((version) => version.startsWith(shown))) return 'contract 11: shown and never stored'
    if (log.end?.complete && !store.versions.has(shown)) return 'I14: done, and not stored'
  }
  return undefined
}

/** What is shown here and stored there has the same epoch: cursors are good anywhere. */
function agrees(log: Log, { epoch, firstSeq, events }: Chunk): boolean {
  return events.every((event, index) => {
    const seq = firstSeq + index
    const same =
      typeof event === 'string' && seq <= log.committed && log.slice(seq, seq).map(textOf).join('') === textOf(event)
    return !same || log.epochOf(seq) === epoch
  })
}

/** What must hold once nothing more happens. */
function unsettled({ store, a, b }: FenceScene, path: readonly string[]): string | undefined {
  // Every source has finished: whoever is not over waits for something that never comes.
  if (!a.over || !b.over) return 'I13: a producer has neither ended nor lost its stream'
  const { end } = store.now?.record ?? {}
  if (end?.complete && !store.text.endsWith('stop')) return 'I14: the store says done, and has no such end'
  const faulty = path.some((action) => action === 'rollBack' || action === 'wipe')
  for (const { produced, crashed } of faulty ? [] : [a, b]) {
    const log = produced?.stream.log
    if (log?.end && !crashed && log.slice(1, log.lastSeq).map(textOf).join('') !== store.text) return 'I4: two ends'
  }
  return undefined
}

describe('I4, I6, I7, I13, I14: two producers, and whatever happens to what they say to the store', () => {
  test.each<[string, Partial<Budget>]>([
    ['replies are lost', { lost: 2 }],
    ['requests arrive late', { late: 1 }],
    ['the producer dies', { crash: 1, lost: 1 }],
    ['a lease is renewed after it has lapsed', { renew: 1, tokens: 1 }],
    ['the keys are wiped', { wipe: 1, lost: 1 }],
    ['a failover loses the last step', { rollBack: 1, read: 1 }],
  ])('%s', async (_, budget) => {
    const situations = await search({ ...NONE, ...budget })
    expect(situations).toBeGreaterThan(100)
  })
})
