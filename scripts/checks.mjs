// Every check `npm test` makes, in order, as data. `{tests}` becomes the path of the JSON report to write.
import { join } from 'node:path'
import { NODE, ROOT } from './workspace.mjs'

const BIN = 'node_modules/.bin'
const VITEST = ['node_modules/vitest/vitest.mjs', 'run']
/** Other versions of Node run the same code: fewer cases of each property tell whether it does the same there. */
const PORTABLE_ENVIRONMENT = { SLUICE_RUNS: '100' }
const PORTABLE = ['--project', 'unit', '--project', 'property', 'packages/core/', 'packages/sse/', 'packages/wires/']

/** Other cases of each property each time: `npm run soak -- properties` checks ten times as many. */
const TESTS_ENVIRONMENT = {
  SLUICE_RUNS: '300',
  // Hundreds of processes are started: what one has compiled, the next need not.
  NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/compiled'),
}
/** So many of the mutants, others each time: `npm run mutants` tries them all. */
const MUTANTS = ['--without-servers', '--sample', '24']

/** Servers are where versions of Node differ: one file or two of each that drives a real one, some seconds together. */
const SERVERS = [
  '--project',
  'integration',
  'packages/websocket/test/session/',
  'packages/websocket/test/drain.',
  'packages/grpc/test/calls/',
  'packages/grpc/test/call/credentials-first.',
  'packages/grpc/test/call/floods.',
  'packages/grpc/test/call/shutdown.',
  'packages/grpc/test/call/unknown-method.',
  'packages/grpc/test/service/independence.',
  'packages/fastify/test/plugin.',
  'packages/fastify/test/reply-tokens.',
  'packages/gateway/test/serve/grpc.',
  'packages/gateway/test/serve/resets.',
  'packages/gateway/test/serve/web-socket.',
  'packages/gateway/test/upstream/connections.',
]

/** Writes the API reference, and fails on what it warns of: an export without a word, a link that leads nowhere. */
export const TYPEDOC = [
  'docs/reference/node_modules/typedoc/bin/typedoc',
  '--options',
  'docs/reference/typedoc.config.mjs',
]

/**
 * `live` shows the output as it comes; others show it only when they fail.
 * `drives` marks what needs the programs that tests drive, `typedoc` what needs TypeDoc. `counted` marks the tests in the
 * closing line. Those `beside` one another run side by side, when all others are through. Checks of one name run together.
 */
export const CHECKS = [
  { name: 'format', command: [`${BIN}/oxfmt`, '--check', '.'] },
  { name: 'types', command: [`${BIN}/tsc`, '-b', 'tsconfig.json', 'tsconfig.test.json'] },
  // After the types: tests see other packages through what that has built.
  { name: 'lint', command: [`${BIN}/oxlint`, '--type-aware', '--deny-warnings', '.'] },
  {
    name: 'boundaries',
    command: [NODE[24], ...VITEST, '--project', 'unit', 'packages/conformance/test/house'],
  },
  {
    name: 'tests',
    command: [NODE[24], ...VITEST, '--reporter=default', '--reporter=json', '--outputFile.json={tests}'],
    environment: TESTS_ENVIRONMENT,
    live: true,
    drives: true,
    counted: true,
  },
  { name: 'mutants', command: [NODE[24], 'scripts/mutants.ts', '--tested', ...MUTANTS], beside: true },
  { name: 'node 22', command: [NODE[22], ...VITEST, ...PORTABLE], environment: PORTABLE_ENVIRONMENT, beside: true },
  { name: 'node 22', command: [NODE[22], ...VITEST, ...SERVERS], beside: true },
  { name: 'node 26', command: [NODE[26], ...VITEST, ...PORTABLE], environment: PORTABLE_ENVIRONMENT, beside: true },
  { name: 'node 26', command: [NODE[26], ...VITEST, ...SERVERS], beside: true },
  { name: 'reference', command: [NODE[24], ...TYPEDOC, '--emit', 'none'], typedoc: true, beside: true },
  { name: 'packages', command: [NODE[24], 'scripts/check-packages.mjs'], beside: true },
]
