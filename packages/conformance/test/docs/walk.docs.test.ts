import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { type CodeBlock, codeBlocks } from './code-blocks.ts'
import { readDocument, sampleDocuments } from './documents.ts'
import { firstMissingLine } from './loose-match.ts'
import { freePort, ROOT, untilListening } from './sandbox.ts'
import { ShellSession } from './shell-session.ts'

const MAX_WALK_MS = 600_000
/** The reader's own folder and the port of a server in it, as documents name them. */
const APP = '../my-app'
const PORT = '3000'

const walkOf = (document: string): CodeBlock[] =>
  codeBlocks(readDocument(document)).filter(({ role }) => role === 'walk')
const documents = sampleDocuments().filter((document) => walkOf(document).length > 0)

test('there is a walk from an empty folder', () => {
  expect(documents).not.toEqual([])
})

test.each(documents)(
  'who does what %s says, from an empty folder on, sees what it says',
  async (document) => {
    const app = mkdtempSync(join(tmpdir(), 'sluice-walk-'))
    const port = await freePort()
    try {
      await using shell = new ShellSession(ROOT)
      for (const { file, text, line, output } of walkOf(document)) {
        const lines = text.replaceAll(APP, app).replaceAll(PORT, String(port))
        if (file !== '') {
          writeFileSync(join(app, file), lines)
          continue
        }
        const { code, stdout, stderr } = await shell.run(lines)
        const place = `${document}:${line}`
        if (code !== 0) throw new Error(`${place} fails (${code}):\n${stdout}\n${stderr}`)
        if (lines.trimEnd().endsWith('&')) await untilListening(port, () => shell.over)
        const missing = output === undefined ? undefined : firstMissingLine(stdout, output)
        if (missing !== undefined)
          throw new Error(`${place} does not print: ${missing}\n\nIt prints:\n${stdout}\n${stderr}`)
      }
    } finally {
      rmSync(app, { recursive: true, force: true })
    }
  },
  MAX_WALK_MS,
)

test.each([
  [[], 'usage: npm run pack -- <folder>'],
  [['--here'], 'usage: npm run pack -- <folder>'],
  [['one', 'two'], 'usage: npm run pack -- <folder>'],
  [['nowhere'], `there is no folder ${join(ROOT, 'nowhere')}; make it first`],
  [['package.json'], `${join(ROOT, 'package.json')} is no folder`],
  [['docs'], `${join(ROOT, 'docs')} is not empty, it has `],
])('npm run pack %j is refused with the reason', (args, reason) => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/run.mjs', 'pack', ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH },
    encoding: 'utf8',
  })
  expect(stderr).toContain(reason)
  expect(status).toBe(1)
})
