import { defineConfig } from 'vitest/config'

/** Workspace packages resolve to their source; the rest of the list is what Vite takes on a server by default. */
const CONDITIONS = ['@sluice/source', 'module', 'node', 'development|production']
/** Kinds of test that run in a project of their own; everything else is a unit test. */
const KINDS = ['property', 'integration', 'heap', 'docs']

const filesOf = (kind: string): string[] => [`packages/*/test/**/*.${kind}.test.ts`]

export default defineConfig({
  resolve: { conditions: CONDITIONS },
  ssr: { resolve: { conditions: CONDITIONS, externalConditions: ['@sluice/source', 'node'] } },
  test: {
    pool: 'forks',
    maxWorkers: 2,
    retry: 0,
    allowOnly: false,
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['packages/*/test/**/*.test.ts'], exclude: KINDS.flatMap(filesOf) },
      },
      { extends: true, test: { name: 'property', include: filesOf('property'), testTimeout: 60_000 } },
      {
        extends: true,
        test: { name: 'integration', include: filesOf('integration'), testTimeout: 60_000, hookTimeout: 60_000 },
      },
      {
        extends: true,
        test: { name: 'heap', include: filesOf('heap'), testTimeout: 120_000, execArgv: ['--expose-gc'] },
      },
      { extends: true, test: { name: 'docs', include: filesOf('docs'), testTimeout: 30_000 } },
    ],
  },
})
