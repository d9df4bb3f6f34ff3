#!/usr/bin/env node
import { refusalOfNode } from './node-version.ts'

const refusal = refusalOfNode(process.versions.node)
// Only now: an older Node fails somewhere in what these import, with a stack in place of a reason.
if (refusal === undefined && process.argv[2] === 'batch') {
  const { runBatch } = await import('./run-batch.ts')
  await runBatch()
} else if (refusal === undefined) {
  const { run } = await import('./run.ts')
  await run()
} else {
  process.stderr.write(`${refusal}\n`)
  process.exitCode = 1
}
