import { readFileSync, readdirSync } from 'node:fs'
import { relative } from 'node:path'

import { expect, test } from 'vitest'

import { PACKAGES, ROOT, sourceFiles } from './imports.ts'

// A bundler (Next.js makes a bundle for each route) leaves a program with several copies of core, and of its classes.
test('no source asks for the class of an error of ours: isSluiceError knows those of other copies too', () => {
  const asking = readdirSync(PACKAGES)
    .flatMap(sourceFiles)
    .filter((file) => readFileSync(file, 'utf8').includes('instanceof SluiceError'))
  expect(asking.map((file) => relative(ROOT, file))).toEqual([])
})
