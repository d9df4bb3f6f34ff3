import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll } from 'vitest'

/** Where nothing is written to a disk: tests open many files. */
const MEMORY = '/dev/shm'

/** Gives paths of directories that are not there yet, and removes them after the tests of the file that calls this. */
export function newDirectories(): () => string {
  const root = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'sluice-batch-'))
  let count = 0
  afterAll(() => rmSync(root, { recursive: true, force: true }))
  return () => join(root, String(count++))
}
