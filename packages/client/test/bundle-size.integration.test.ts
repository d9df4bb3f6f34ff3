import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

import { rolldown } from 'rolldown'
import { expect, test } from 'vitest'

const ENTRY = fileURLToPath(new URL('bundle-entry.ts', import.meta.url))

/** What a page loads that imports `names` from the client: one minified file. */
async function bundle(names: string): Promise<{ bytes: number; modules: string[]; imports: string[] }> {
  const bundled = await rolldown({
    input: ENTRY,
    resolve: { conditionNames: ['@sluice/source', 'import', 'default'] },
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === ENTRY ? id : null),
        load: (id) => (id === ENTRY ? `export { ${names} } from '@sluice/client'` : null),
      },
    ],
  })
  const { output } = await bundled.generate({ format: 'esm', minify: true, codeSplitting: false })
  const { code, modules, imports } = output[0]
  const { byteLength: bytes } = await promisify(gzip)(code, { level: 9 })
  const used = Object.entries(modules).filter(([, { renderedLength }]) => renderedLength > 0)
  return { bytes, modules: used.map(([id]) => id.slice(id.indexOf('/packages/'))), imports }
}

test('start, SSE, resume and paint are at most 8 KiB minified and compressed, and load nothing else', async () => {
  const { bytes, modules, imports } = await bundle('start, paint')
  expect(bytes).toBeGreaterThan(4_000)
  expect(bytes).toBeLessThanOrEqual(8 * 1024)
  expect(modules.filter((id) => !/^\/packages\/client\/(src|test\/bundle-entry)/.test(id))).toEqual([])
  expect(imports).toEqual([])
})

test('what is not imported is not loaded', async () => {
  const { bytes, modules } = await bundle('start')
  expect(modules.filter((id) => /paint|attach|fallback|hybrid|connect|socket|poll|open-ai|wish/.test(id))).toEqual([])
  expect(bytes).toBeLessThan((await bundle('start, paint')).bytes - 500)
  expect((await bundle('ClientError')).bytes).toBeLessThan(500)
})
