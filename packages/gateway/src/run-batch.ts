import { setFlagsFromString } from 'node:v8'

import { batchCommand, ENDS } from './batch-command/batch-command.ts'
import { outliveReader } from './log/standard-error.ts'

/** Runs the command `batch` as the command line says, until it is done or told to stop. */
export async function runBatch(): Promise<void> {
  // What is read and written is garbage at once: V8 would give it room as it goes on, 100 MB on a large machine, and be no faster.
  setFlagsFromString('--semi-space-growth-factor=1')
  const { argv, env, stdout, stderr } = process
  outliveReader(stdout)
  outliveReader(stderr)
  const stop = new AbortController()
  // Who asks twice does not want to wait for what is being written.
  const ask = (): void => (stop.signal.aborted ? process.exit(ENDS.interrupted) : stop.abort())
  process.on('SIGINT', ask).on('SIGTERM', ask)
  process.exitCode = await batchCommand(argv.slice(3), { env, out: stdout, err: stderr, signal: stop.signal })
}
