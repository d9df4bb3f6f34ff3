import { describe, expect, test } from 'vitest'

import { explore } from './search/explore.ts'
import { type Faults, NO_FAULTS } from './search/handoff-faults.ts'
import type { Reading } from './search/handoff-reading.ts'
import { HandoffScene } from './search/handoff-scene.ts'

/** Goes through what can happen after `begun`, in any order; gives how many situations there are. */
function search(faults: Faults, begun: string[] = []): Promise<number> {
  return explore({
    begun,
    async replay(path) {
      const scene = new HandoffScene(faults)
      for (const action of path) await scene.do(action)
      return scene
    },
    check: assertSound,
  })
}

/** Contract 1 to 4, for everybody who reads. `settled`: nobody waits any more. */
function assertSound(scene: HandoffScene, path: readonly string[], settled: boolean): void {
  for (const reading of scene.readings) {
    const problem = problemOf(scene, reading, path) ?? (settled ? hangOf(scene, reading) : undefined)
    if (!problem) continue
    const { versions, log } = scene
    throw new Error(
      `${problem}: ${JSON.stringify({ path, settled, reading, text: log.text, versions: [...versions] })}`,
    )
  }
}

function problemOf({ log, versions }: HandoffScene, reading: Reading, path: readonly string[]): string | undefined {
  const { got, outcome, from } = reading
  const text = got.join('')
  if (![...versions].some((version) => version.startsWith(text, 2 * from))) return 'this never stood in the log'
  if (outcome === undefined) return undefined
  // A failover may lose an end that was read; then it is what it was.
  if (outcome === 'end' && path.includes('back')) return undefined
  if (outcome === 'end') return log.text === log.text.slice(0, 2 * from) + text ? undefined : 'another end was read'
  if (outcome !== 'storage' && outcome !== 'trimmed') return `a reading is over: ${outcome}`
  const holds = log.text.length >= 2 * from + text.length && log.text.startsWith(text, 2 * from)
  // What a resumed reader had read before is not known here: after a loss it may have been another text.
  const isKnown = from === 0 || !path.includes('lose')
  const isThere = holds && isKnown && !path.includes('forget') && !path.includes('back')
  if (outcome === 'storage' && isThere) return 'what a reader was told is lost is there'
  return FAULTS.some((fault) => path.includes(fault)) ? undefined : 'a reading was closed for no reason'
}

/** A reader that waits must have all there is. One that is ahead of a store that has lost something is told later. */
function hangOf({ log }: HandoffScene, { got, outcome, from }: Reading): string | undefined {
  if (outcome !== undefined) return undefined
  if (log.end) return 'a reader waits for ever'
  const position = from + got.join('').length / 2
  return position < log.seq ? 'a reader was not told what there is' : undefined
}

const FAULTS = ['lose', 'forget', 'trim', 'empty', 'back']

describe('contract 1 to 4: backlog and live, in every order in which it can happen', () => {
  test.each<[string, Partial<Faults>]>([
    ['wake-ups are lost, late and in any order', { chunks: 3 }],
    ['somebody ends it from elsewhere', { closes: 1 }],
    ['another producer takes over', { takes: 1, closes: 1 }],
    ['a failover loses that another producer took over', { takes: 1, backs: 1 }],
    ['the head is trimmed', { trims: 1 }],
    ['the newest entry is lost, and another producer writes', { chunks: 3, losses: 1 }],
    ['somebody has emptied the log', { empties: 1, closes: 1 }],
    ['the newest entry is lost, and written again with others', { rewrites: 1, closes: 1, polls: 1 }],
    ['a reader resumes', { resumes: 1, losses: 1 }],
    ['two read', { readers: 2, closes: 1 }],
  ])('no gap, no duplicate, no hang: %s', async (_, faults) => {
    const situations = await search({ ...NO_FAULTS, ...faults })
    expect(situations).toBeGreaterThan(100)
  })

  test('no gap, no duplicate, no hang: a failover loses that another took over and wrote, and a third takes over', async () => {
    const reads = ['read', 'serve', 'reply', 'subscribe', 'serve', 'reply']
    const situations = await search({ ...NO_FAULTS, takes: 2, backs: 1 }, [...reads, 'take', 'write'])
    expect(situations).toBeGreaterThan(100)
  })
})
