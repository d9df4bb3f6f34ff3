import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

import { rolldown } from 'rolldown'
import { expect, test } from 'vitest'

const ENTRY = fileURLToPath(new URL('bundle-entry.ts', import.meta.url))

/** What a worker loads before it can answer: core, http and all they import, as one minified file. */
async function bundle(): Promise<{ code: string; modules: string[]; imports: string[] }> {
  const bundled = await rolldown({
    input: ENTRY,
    external: /^node:/,
    resolve: { conditionNames: ['@sluice/source', 'import', 'default'] },
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === ENTRY ? id : null),
        load: (id) => (id === ENTRY ? `export * from '@sluice/core'\nexport * from '@sluice/http'` : null),
      },
    ],
  })
  const { output } = await bundled.generate({ format: 'esm', minify: true, codeSplitting: false })
  const { code, moduleIds: modules, imports } = output[0]
  return { code, modules, imports }
}

/**
 * It was 51,700 bytes when this was written, of which core has 28,700; with the whole of zod, which cannot be taken apart, it had
 * been 68,500.
 */
const MAX_GZIP_BYTES = 65_000

test('core and http together are at most 65 kB compressed, with nothing of Node and no more of zod than they use', async () => {
  const { code, modules, imports } = await bundle()
  const { byteLength } = await promisify(gzip)(code, { level: 9 })
  expect(byteLength).toBeGreaterThan(20_000)
  expect(byteLength).toBeLessThanOrEqual(MAX_GZIP_BYTES)
  expect([imports, modules.filter((id) => id.includes('zod/v4/classic'))]).toEqual([[], []])
})
