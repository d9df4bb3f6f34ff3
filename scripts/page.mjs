// Builds the gateway's page where it is not what its sources say. Plain JavaScript for Node 20, no dependencies.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { NODE, ROOT, childEnvironment, readIfThere, runQuietly } from './workspace.mjs'

/** Every file that the page was made of, with its hash; written by the build. */
const STAMP = join(ROOT, 'packages/page/node_modules/.sluice-page.json')

/** Whether the page is there, and made of the sources as they are. */
export function isPageBuilt() {
  const stamp = readIfThere(STAMP)
  if (stamp === undefined || !existsSync(join(ROOT, 'packages/gateway/page/index.html'))) return false
  return Object.entries(JSON.parse(stamp)).every(([file, hash]) => hashOf(join(ROOT, file)) === hash)
}

export function buildPage() {
  const command = [NODE[24], '--disable-warning=ExperimentalWarning', join(ROOT, 'packages/page/build.ts')]
  runQuietly(command, { env: childEnvironment() }, 'the page of the gateway could not be built')
}

function hashOf(file) {
  return existsSync(file) ? createHash('sha256').update(readFileSync(file)).digest('hex') : ''
}
