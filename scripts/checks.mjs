// Every check `npm test` makes, in order, as data. `{tests}` becomes the path of the JSON report to write.
import { NODE } from './workspace.mjs'

const BIN = 'node_modules/.bin'
const VITEST = ['node_modules/vitest/vitest.mjs', 'run']
/** Other versions of Node run the same code: fewer cases of each property tell whether it does the same there. */
const PORTABLE_ENVIRONMENT = { SLUICE_RUNS: '100' }
const PORTABLE = ['--project', 'unit', '--project', 'property', 'packages/core/', 'packages/sse/', 'packages/wires/']

/**
 * `live` shows the output as it comes; others show it only when they fail.
 * `drives` marks what needs redis-server, chromium, nginx and python3-websockets. `counted` marks the tests in the closing line.
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
    live: true,
    drives: true,
    counted: true,
  },
  { name: 'mutants', command: [NODE[24], 'scripts/mutants.ts', '--tested'] },
  { name: 'packages', command: [NODE[24], 'scripts/check-packages.mjs'] },
  { name: 'node 22', command: [NODE[22], ...VITEST, ...PORTABLE], environment: PORTABLE_ENVIRONMENT },
  { name: 'node 26', command: [NODE[26], ...VITEST, ...PORTABLE], environment: PORTABLE_ENVIRONMENT },
]
