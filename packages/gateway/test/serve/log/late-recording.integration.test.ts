import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, mkdtempSync, openSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import type { Log } from '../../../src/log/log.ts'
import { openRecording } from '../../../src/engine/open-recording.ts'

const TOKENS = 100_000

test('contract 6: what waits for a file that takes nothing has a bound, and that is told once', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'sluice-late-')), 'pipe')
  execFileSync('mkfifo', [file])
  // Somebody has it open, and does not read.
  const reader = openSync(file, 'r+')
  const warnings: string[] = []
  const log = { warn: (message: string) => void warnings.push(message) } as unknown as Log
  const { transform, observer, close } = await openRecording(file, log)
  for (let stream = 0; stream < 64; stream++) {
    const { transform: take } = transform({ id: `${stream}`, meta: {} })
    for (let token = 0; token < TOKENS; token++) void take({ type: 'text', text: 'token' })
    observer.ended!({ id: `${stream}` } as never, {} as never)
  }
  expect(warnings).toEqual([expect.stringContaining('not recorded')])
  const closing = close()
  const draining = createReadStream('', { fd: reader }).resume()
  await closing
  // What still reads is waiting for this.
  writeSync(reader, 'x')
  await once(draining.destroy(), 'close')
})
