import { expect, test } from 'vitest'

import { policyIn, simulate } from '../src/policies/simulate.ts'
import type { Cell } from '../src/policies/simulation.ts'

const EIGHTS = `({ name: 'eights', maxDelayMs: 400, take: (view) => (view.pending >= 8 ? view.pending : -8) })`

async function cells(own: string): Promise<Cell[]> {
  const all: Cell[] = []
  await simulate({ source: 'chat', own }, (cell) => all.push(cell))
  return all
}

test('every policy is tried on every network, a written one beside core’s, and each run is the same', async () => {
  const all = await cells(EIGHTS)
  expect(new Set(all.map(({ policy }) => policy))).toEqual(new Set(['immediate', 'adaptive', 'words', 'yours: eights']))
  expect(all).toHaveLength(16)
  const of = (policy: string): Cell => all.find((cell) => cell.policy === policy && cell.network === '3g')!
  expect(of('yours: eights').tokensPerChunk).toBeGreaterThan(5)
  expect(of('immediate').tokensPerChunk).toBeLessThan(1.5)
  expect(of('yours: eights').delayP50Ms).toBeGreaterThan(of('immediate').delayP50Ms)
  expect(await cells(EIGHTS)).toEqual(all)
  expect((await cells('')).at(-1)!.policy).toBe('fixed 8')
})

test.each([
  '',
  '1',
  '({})',
  '({ name: "x", take: () => 1 })',
  'syntax error here',
  '(() => { throw new Error("own") })()',
])('what is no policy is refused: %s', (text) => {
  expect(() => policyIn(text)).toThrow(/policy|own|Unexpected|unexpected/)
})
