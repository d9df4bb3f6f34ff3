import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { codeBlocks } from './code-blocks.ts'
import { entryPoints } from './entry-points.ts'
import { ROOT, Sandbox } from './sandbox.ts'
import { toModule, tsdocExamples } from './tsdoc-examples.ts'

const MAX_CHECK_MS = 60_000
const DOCUMENTS = [
  'README.md',
  'docs/chunking.md',
  'docs/errors.md',
  ...readdirSync(join(ROOT, 'packages')).map((name) => `packages/${name}/README.md`),
]

test(
  'every sample of every document, and every @example, passes the type check',
  async () => {
    await using sandbox = new Sandbox()
    const entries = entryPoints()
    const examples = tsdocExamples()
    for (const example of examples) {
      const { packageName, file, line } = example
      sandbox.write(`${packageName}-${file.replaceAll(/[/.]/g, '-')}-${line}.ts`, toModule(example, entries))
    }
    for (const document of DOCUMENTS.filter((file) => existsSync(join(ROOT, file)))) {
      for (const { language, text, line } of codeBlocks(readFileSync(join(ROOT, document), 'utf8'))) {
        if (language === 'ts') sandbox.write(`${document.replaceAll(/[/.]/g, '-')}-${line}.ts`, `${text}\nexport {}\n`)
      }
    }
    expect(examples.length).toBeGreaterThan(40)
    expect(await sandbox.typeCheck()).toBe('')
  },
  MAX_CHECK_MS,
)
