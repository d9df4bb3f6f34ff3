import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { fixed, immediate } from '@sluice/core'
import { foreignClient, RENDERERS, SOURCE_KINDS, synthetic } from '@sluice/simulator'
import { NETWORK_LINKS } from '@sluice/testing/network-link'
import { createRandom } from '@sluice/testing/network-link'
import { describe, expect, test } from 'vitest'

import { simulate } from '../../simulator/matrix/matrix.ts'
import { networkOf } from '../../simulator/network/networks.ts'
import { loadPolicies } from '../../simulator/matrix/policies.ts'
import { adviceOf, situationsOf } from '../../simulator/report/advice.ts'
import { pageOf } from '../../simulator/report/page.ts'
import { tableOf } from '../../simulator/report/table.ts'
import { readTraces } from '../../simulator/trace/recorded.ts'

const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'))

function fileWith(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

describe('a matrix', async () => {
  const cells = await simulate(
    {
      policies: [
        { name: 'immediate', policy: immediate() },
        { name: 'pairs', policy: fixed({ tokens: 2, maxDelayMs: 100 }) },
        { name: 'late', policy: fixed({ tokens: 64, maxDelayMs: 3_000 }) },
      ],
      networks: [{ name: 'lan', link: NETWORK_LINKS.lan }],
      sources: [
        { name: 'quick', trace: (index) => synthetic('quick', SOURCE_KINDS['quick']!, 200, createRandom(index)) },
      ],
      clients: [{ name: 'foreign', kind: foreignClient, renderer: RENDERERS.quick, unseenMs: 17 }],
      streams: 3,
      seed: 1,
    },
    () => undefined,
  )
  const situations = situationsOf(cells)

  test('has a cell for each combination, beside the first policy', () => {
    expect(situations).toHaveLength(1)
    const [first, pairs, late] = situations[0]!.policies
    expect(first).toMatchObject({ addedMs: 0, overhead: 1, packets: 1 })
    expect(pairs!.packets).toBeCloseTo(0.5, 1)
    expect(pairs!.overhead).toBeCloseTo(0.5, 1)
    expect(late!.addedMs).toBeGreaterThan(100)
  })

  test('advises what saves most of what nobody sees', () => {
    expect(situations[0]!.choice.cell.policy).toBe('pairs')
    expect(adviceOf(situations)).toEqual([
      expect.stringMatching(/^foreign, quick, on lan: pairs, which saves (49|5\d) % of the overhead/),
    ])
  })

  test('becomes a table, and a page that asks for nothing from outside', () => {
    expect(tableOf(situations)).toContain('| pairs |')
    const page = pageOf(situations, ['<b>not a tag</b>'])
    expect(page).not.toMatch(/https?:|src=|<link|@import|<b>/)
    expect(page.match(/<svg/g)).toHaveLength(1)
  })
})

describe('what people bring', () => {
  test('a recorded trace', () => {
    const [trace] = readTraces(fileWith('good.jsonl', '{"atMs":[0,2.5,7],"chars":[3,1,2]}\n\n'))
    expect([...trace!.atMs, ...trace!.chars]).toEqual([0, 2.5, 7, 3, 1, 2])
  })

  test.each([
    ['nothing', '\n', 'has no stream'],
    ['no JSON', '{"atMs":[0,1],"chars":[1,1]}\nnope', ':2 is no JSON'],
    ['lists of two lengths', '{"atMs":[0,1,2],"chars":[1,1]}', 'of one length'],
    ['time that runs back', '{"atMs":[0,5,4],"chars":[1,1,1]}', 'token 2 is earlier'],
    ['an empty token', '{"atMs":[0,5],"chars":[1,0]}', 'token 1 has 0 characters'],
  ])('a recording with %s is refused with its line', (_what, text, message) => {
    expect(() => readTraces(fileWith('bad.jsonl', text))).toThrow(message)
  })

  test('a network of their own', () => {
    expect(networkOf(fileWith('office.json', '{"latencyMs":7,"down":250000}'))).toEqual({
      name: 'office',
      link: { latencyMs: 7, down: 250_000 },
    })
    expect(() => networkOf(fileWith('odd.json', '{"latency":7}'))).toThrow('"latency" must be one of latencyMs')
    expect(() => networkOf('5g')).toThrow('No network "5g"; there are lan')
  })

  test('a policy of their own', async () => {
    const file = fileWith(
      'mine.mjs',
      "export const mine = { name: 'x', maxDelayMs: 5, take: () => 1 }\nexport const other = 1\n",
    )
    expect(await loadPolicies(file)).toEqual([{ name: 'mine', policy: expect.objectContaining({ maxDelayMs: 5 }) }])
    await expect(loadPolicies(fileWith('none.mjs', 'export const a = 1'))).rejects.toThrow('exports no policy')
  })
})
