import { isBuiltin } from 'node:module'
import { fileURLToPath } from 'node:url'

import { rolldown } from 'rolldown'

/** A module with all that it imports, in one piece, and what of Node it would still import. */
export interface Bundle {
  readonly code: string
  readonly imports: readonly string[]
}

/** Bundles what `alone/<name>.ts` imports, and nothing else. */
export function bundleAlone(name: string): Promise<Bundle> {
  return bundleOf(fileURLToPath(new URL(`../alone/${name}.ts`, import.meta.url)))
}

/** Bundles what a file imports. */
export async function bundleOf(file: string): Promise<Bundle> {
  const bundled = await rolldown({
    input: file,
    platform: 'neutral',
    external: (id) => isBuiltin(id),
    resolve: { conditionNames: ['@sluice/source', 'import', 'default'] },
  })
  const { output } = await bundled.generate({ format: 'esm', codeSplitting: false })
  return { code: output[0].code, imports: output[0].imports }
}
