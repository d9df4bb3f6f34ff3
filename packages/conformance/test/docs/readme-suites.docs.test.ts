import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, expect, test } from 'vitest'

import { codeBlocks } from './code-blocks.ts'
import { ROOT, Sandbox } from './sandbox.ts'

const MAX_CHECK_MS = 60_000

// Samples that call a suite must run as a test file does: they are imported while this one's tests are collected.
const sandbox = new Sandbox()
afterAll(() => sandbox[Symbol.asyncDispose]())

const blocks = codeBlocks(readFileSync(join(ROOT, 'packages/conformance/README.md'), 'utf8'))
const samples = blocks.filter(({ language }) => language === 'typescript')
for (const { text, line } of samples) await import(sandbox.write(`suite-${line}.ts`, text))

test(
  'every sample that calls a suite passes the type check',
  async () => {
    expect(samples).toHaveLength(3)
    expect(await sandbox.typeCheck()).toBe('')
  },
  MAX_CHECK_MS,
)
