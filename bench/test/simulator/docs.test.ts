import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

test('what docs/benchmarks.md says of a policy of one’s own is what the simulator says of it', async () => {
  const page = readFileSync(join(ROOT, 'docs/benchmarks.md'), 'utf8')
  const section = page.slice(page.indexOf('## Policies on networks'), page.indexOf('## Figures of'))
  const [, policy = ''] = /```ts\n([\s\S]*?)```/.exec(section)!
  const [, args = ''] = /`npm run bench -- (policies --policy mine\.ts [^`]*)`/.exec(section)!
  const advice = section.match(/^- \w+, \w+, on .*$/gm)!
  expect(advice.length).toBeGreaterThan(1)
  const folder = mkdtempSync(join(tmpdir(), 'sluice-policy-'))
  symlinkSync(join(ROOT, 'bench/node_modules'), join(folder, 'node_modules'))
  try {
    writeFileSync(join(folder, 'mine.ts'), policy)
    const command = [
      ...args.replace('mine.ts', join(folder, 'mine.ts')).split(' '),
      '--json',
      join(folder, 'cells.json'),
    ]
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--conditions=@sluice/source', 'bench/run.ts', ...command],
      { cwd: ROOT, maxBuffer: 2 ** 24 },
    )
    expect(stdout.slice(stdout.indexOf('### Which policy where')).match(/^- .*$/gm)).toEqual(advice)
    const { cells } = JSON.parse(readFileSync(join(folder, 'cells.json'), 'utf8')) as {
      cells: { policy: string; client: string; figures: { paintedP50Ms: number; overheadBytes: number } }[]
    }
    const figuresOf = (name: string): { paintedP50Ms: number; overheadBytes: number } =>
      cells.find(({ policy: other, client }) => other === name && client === 'foreign')!.figures
    const [immediate, adaptive, tens] = ['immediate', 'adaptive', 'tens'].map(figuresOf)
    expect(section).toContain(`painted ${Math.round(tens!.paintedP50Ms - immediate!.paintedP50Ms)} ms later`)
    const less = (adaptive!.overheadBytes - tens!.overheadBytes) / immediate!.overheadBytes
    expect(section).toContain(`for ${Math.round(100 * less)} % of overhead less`)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
