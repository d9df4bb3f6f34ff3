import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

import { ROOT } from './imports.ts'

interface Mutant {
  readonly name: string
  readonly file: string
  readonly find: string
  readonly test: string
}

// `npm test` tries some of them, others each time: one whose place has moved would be found by chance.
test('every mutant has a place in the source, and a test that is there', () => {
  const mutants = JSON.parse(readFileSync(join(ROOT, 'scripts/mutants.json'), 'utf8')) as Mutant[]
  const astray = mutants.filter(({ file, find, test: path }) => {
    const isPlaced = existsSync(join(ROOT, file)) && readFileSync(join(ROOT, file), 'utf8').includes(find)
    return !isPlaced || !existsSync(join(ROOT, path))
  })
  expect(mutants.length).toBeGreaterThan(20)
  expect(astray.map(({ name }) => name)).toEqual([])
})
