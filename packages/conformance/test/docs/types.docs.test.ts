import { expect, test } from 'vitest'

import { codeBlocks } from './code-blocks.ts'
import { readDocument, sampleDocuments } from './documents.ts'
import { entryPoints } from './entry-points.ts'
import { Sandbox } from './sandbox.ts'
import { toModule, tsdocExamples } from './tsdoc-examples.ts'

test('every sample of every document, and every @example, passes the type check', async () => {
  await using sandbox = new Sandbox()
  const entries = entryPoints()
  const examples = tsdocExamples()
  for (const example of examples) {
    const { packageName, file, line } = example
    sandbox.write(`${packageName}-${file.replaceAll(/[/.]/g, '-')}-${line}.ts`, toModule(example, entries))
  }
  for (const document of sampleDocuments()) {
    for (const { language, text, line } of codeBlocks(readDocument(document))) {
      if (language === 'ts') sandbox.write(`${document.replaceAll(/[/.]/g, '-')}-${line}.ts`, `${text}\nexport {}\n`)
    }
  }
  expect(examples.length).toBeGreaterThan(40)
  expect(await sandbox.typeCheck()).toBe('')
})
