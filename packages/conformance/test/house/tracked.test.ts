import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))

const tracked = (...which: string[]): string[] =>
  execFileSync('git', ['ls-files', ...which], { cwd: ROOT, encoding: 'utf8' })
    .split('\n')
    .filter(Boolean)

test('nothing is in git that git is told to leave alone: what is built is built again', () => {
  expect(tracked('--cached', '--ignored', '--exclude-standard')).toEqual([])
  expect(tracked('package.json')).toEqual(['package.json'])
})
