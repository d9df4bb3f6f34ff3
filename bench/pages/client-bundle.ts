import { fileURLToPath } from 'node:url'

import { rolldown } from 'rolldown'

const ENTRY = fileURLToPath(new URL('client-entry.ts', import.meta.url))

let bundled: Promise<string> | undefined

/** The client as a page loads it: one minified module. */
export function bundleClient(): Promise<string> {
  bundled ??= bundle()
  return bundled
}

async function bundle(): Promise<string> {
  const build = await rolldown({
    input: ENTRY,
    resolve: { conditionNames: ['@sluice/source', 'import', 'default'] },
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === ENTRY ? id : null),
        load: (id) => (id === ENTRY ? `export { framePressure, paint, start } from '@sluice/client'` : null),
      },
    ],
  })
  const { output } = await build.generate({ format: 'esm', minify: true, codeSplitting: false })
  return output[0].code
}
