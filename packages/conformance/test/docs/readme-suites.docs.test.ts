import { afterAll, expect, test } from 'vitest'

import { codeBlocks } from './code-blocks.ts'
import { readDocument } from './documents.ts'
import { Sandbox } from './sandbox.ts'

/** Documents with samples that are test files. */
const DOCUMENTS = ['CONTRIBUTING.md', 'packages/conformance/README.md']

// They must run as a test file does: they are imported while this one's tests are collected.
const sandbox = new Sandbox()
afterAll(() => sandbox[Symbol.asyncDispose]())

const blocks = DOCUMENTS.flatMap((document) => codeBlocks(readDocument(document)))
const samples = blocks.filter(({ language }) => language === 'typescript')
for (const [index, { text }] of samples.entries()) await import(sandbox.write(`suite-${index}.ts`, text))

test('every sample that is a test file passes the type check', async () => {
  expect(samples).toHaveLength(6)
  expect(await sandbox.typeCheck()).toBe('')
})
