import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url))

test('the proto passes buf’s default lint', async () => {
  const { stdout, stderr } = await promisify(execFile)(`${PACKAGE}node_modules/.bin/buf`, ['lint'], { cwd: PACKAGE })
  expect(stdout + stderr).toBe('')
})
