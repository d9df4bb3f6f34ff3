import { readFileSync, writeFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { batchHelp } from '../../src/batch-command/batch-options.ts'
import { answerOk, newBatch, runBatch, startBackend } from './batch-rig.ts'

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const section = readme.slice(readme.indexOf('## A batch from file to file'), readme.indexOf('## Between a client'))
const block = (language: string): string => new RegExp(`\`\`\`${language}\n([^]*?)\n\`\`\``).exec(section)![1]!

test('the sample of the README does what is printed below it', async () => {
  const backend = await startBackend((asked, response, nth) => answerOk(asked, response, nth))
  const batch = newBatch(1)
  writeFileSync(batch.path('in.jsonl'), `${block('jsonl')}\n`)
  const words = block('sh').split(' ')
  expect(words.slice(0, 5)).toEqual(['npx', '@sluice/gateway', 'batch', 'in.jsonl', 'out.jsonl'])
  const flags = words.slice(5).map((word) => (word.startsWith('http') ? backend.url : word))
  const ran = await runBatch(batch, flags)
  expect(ran).toMatchObject({ status: 0, err: '' })
  const [before, between, after] = block('text').split('…')
  expect(ran.out.startsWith(before!)).toBe(true)
  expect(ran.out).toContain(between)
  expect(ran.out.endsWith(`${after}\n`)).toBe(true)
  expect(batch.ids('out.jsonl').toSorted()).toEqual(['a', 'b'])
})

test('every flag that the section names is an option, and the defaults are those of the help', () => {
  for (const [flag] of section.matchAll(/--[a-z][\w-]+/g)) if (flag !== '--help') expect(batchHelp()).toContain(flag)
  for (const [, , preset] of section.matchAll(/(--[\w-]+)` \((\d+)\)/g))
    expect(batchHelp()).toContain(`default ${preset}`)
})
