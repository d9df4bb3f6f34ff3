#!/usr/bin/env node
import { refusalOfNode } from './node-version.ts'

const refusal = refusalOfNode(process.versions.node)
if (refusal === undefined) {
  // Only now: an older Node fails somewhere in what this imports, with a stack in place of a reason.
  const { run } = await import('./run.ts')
  await run()
} else {
  process.stderr.write(`${refusal}\n`)
  process.exitCode = 1
}
