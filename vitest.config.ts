import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { defineConfig, type Plugin } from 'vitest/config'

/** Workspace packages resolve to their source; the rest of the list is what Vite takes on a server by default. */
const CONDITIONS = ['@sluice/source', 'module', 'node', 'development|production']
/** Kinds of test that run in a project of their own; everything else is a unit test. */
const KINDS = ['property', 'integration', 'heap', 'docs']

/** Which mutant to run with; see scripts/mutants.ts. */
const MUTANT = process.env.SLUICE_MUTANT

const filesOf = (kind: string): string[] => [`packages/*/test/**/*.${kind}.test.ts`]
/** Tests of the bench and of examples start servers. */
const SERVING_TESTS = ['bench/test/**/*.test.ts', 'examples/*/test/**/*.test.ts']

interface Mutant {
  file: string
  find: string
  replace: string
}

/** Under `npm run mutants` one file is broken on purpose, in memory. */
function mutantOf(index: string | undefined): Plugin[] {
  if (!index) return []
  const mutants = JSON.parse(readFileSync(join(import.meta.dirname, 'scripts/mutants.json'), 'utf8')) as Mutant[]
  const { file, find, replace } = mutants[Number(index)]!
  return [
    {
      name: 'mutant',
      enforce: 'pre',
      // A broken file must neither come from the cache nor stay in it; all others may.
      configureVitest: ({ defineCacheKeyGenerator }) =>
        defineCacheKeyGenerator(({ id }) =>
          id.endsWith(file.endsWith('.lua') ? LUA_READER : file) ? false : undefined,
        ),
      transform: (code, id) => {
        if (file.endsWith('.lua')) return id.endsWith(LUA_READER) ? breakLua(code, { file, find, replace }) : undefined
        return id.endsWith(file) ? code.replace(find, () => replace) : undefined
      },
    },
  ]
}

/** Scripts for Redis are read from their files at run time, by this one: what it reads is broken there. */
const LUA_READER = 'packages/redis/src/protocol/scripts.ts'
function breakLua(code: string, { file, find, replace }: Mutant): string {
  const name = JSON.stringify(basename(file, '.lua'))
  const broken = `.replace(name === ${name} ? ${JSON.stringify(find)} : '\\0', () => ${JSON.stringify(replace)})`
  return code.replace(`'utf8')`, (reading) => reading + broken)
}

export default defineConfig({
  plugins: mutantOf(MUTANT),
  resolve: { conditions: CONDITIONS },
  ssr: { resolve: { conditions: CONDITIONS, externalConditions: ['@sluice/source', 'node'] } },
  test: {
    pool: 'forks',
    // Twice the cores of a small machine: tests with servers wait for them half of the time.
    maxWorkers: 4,
    // Files of one kind share the modules of their process. Each in its own took a third of the time, to load the same again.
    isolate: false,
    retry: 0,
    allowOnly: false,
    // What must come about at all is waited for longer than a busy machine takes.
    expect: { poll: { timeout: 30_000 } },
    // No test asserts by these: they only end what hangs, also on a machine that is busy.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    fsModuleCache: true,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/*/test/**/*.test.ts'],
          exclude: KINDS.flatMap(filesOf),
        },
      },
      { extends: true, test: { name: 'property', include: filesOf('property') } },
      {
        extends: true,
        test: {
          name: 'integration',
          include: [...filesOf('integration'), ...SERVING_TESTS],
        },
      },
      {
        extends: true,
        // What another file has left in a heap would be measured as well.
        test: { name: 'heap', include: filesOf('heap'), execArgv: ['--expose-gc'], isolate: true },
      },
      { extends: true, test: { name: 'docs', include: filesOf('docs') } },
    ],
  },
})
