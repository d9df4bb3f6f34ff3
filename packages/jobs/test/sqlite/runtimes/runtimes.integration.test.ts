import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'

import { bundleOf } from '../../../../conformance/test/runtimes/rig/bundle.ts'
import { runOn, RUNS_WITH_FILES } from '../../../../conformance/test/runtimes/rig/runtimes.ts'

let code: string
beforeAll(async () => void ({ code } = await bundleOf(fileURLToPath(new URL('check.ts', import.meta.url)))))

test.each(Object.entries(RUNS_WITH_FILES))('a queue in a directory on %s', async (_, run) => {
  expect(await runOn(run, { check: code })).toEqual({
    check: {
      written: { is: 'ok' },
      second: 'SLUICE_ERR_STORE_LOCKED',
      worker: 'a',
      claimed: { scope: '\0ü 😀', state: 'running', lease: 1, value: { text: 'ü 😀 \ud83d 日本' } },
    },
  })
})
