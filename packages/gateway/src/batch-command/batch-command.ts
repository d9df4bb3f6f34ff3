import { resolve } from 'node:path'

import { createSystemRuntime, isSluiceError, type Runtime, SluiceError } from '@sluice/core'
import { AdaptiveConcurrency, estimateEnd, openAiLine, isSuccess, type OutputLine, vllmLine } from '@sluice/jobs/batch'

import { createAgents } from '../upstream/agents.ts'
import { checkInput, pendingLines } from './batch-input-file.ts'
import { batchHelp, type BatchOptions, parseBatchOptions } from './batch-options.ts'
import type { Ledger } from './ledger.ts'
import { LineRunner, RunStopped } from './line-runner.ts'
import { ForeignFileError, OutputFile } from './output-file.ts'
import { ProgressView, type Screen } from './progress-view.ts'
import { sendLine } from './send-line.ts'

/** What the command is run with. */
export interface BatchSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly out: Screen
  readonly err: Pick<Screen, 'write'>
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal
}

/** How the command ends. */
export const ENDS = { ok: 0, failed: 1, wrong: 2, interrupted: 130 } as const
type End = (typeof ENDS)[keyof typeof ENDS]

/** Runs the command line behind `batch`. Gives the status that the process ends with; does not reject. */
export async function batchCommand(argv: readonly string[], surroundings: BatchSurroundings): Promise<End> {
  const { env, out, err, signal } = surroundings
  try {
    const options = parseBatchOptions(argv, env)
    if (options) return await runBatch(options, surroundings)
    out.write(batchHelp())
    return ENDS.ok
  } catch (error) {
    err.write(`${error instanceof Error ? error.message : String(error)}\n`)
    if (error instanceof RunStopped) return ENDS.failed
    if (signal.aborted) return ENDS.interrupted
    return isWrong(error) ? ENDS.wrong : ENDS.failed
  }
}

function isWrong(error: unknown): boolean {
  if (error instanceof ForeignFileError || isSluiceError(error)) return true
  // A file that is not there, or may not be read or written.
  return ['ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR'].includes(String((error as NodeJS.ErrnoException).code))
}

async function runBatch({ input, output, flags }: BatchOptions, { env, out, signal }: BatchSurroundings): Promise<End> {
  const isOneFile = flags.format === 'vllm'
  const errorsPath = isOneFile ? undefined : (flags.errors ?? besideOf(output))
  refuseSameFiles([input, output, ...(errorsPath === undefined ? [] : [errorsPath])])
  const { ledger, endpoint } = await checkInput(input)
  const found =
    (path: string) =>
    ({ line }: { line: OutputLine }): void => {
      if (ledger.find(line)) return
      const message = `${path} has a line of another batch: ${input} has no "custom_id" ${JSON.stringify(line.customId)}. Name another file, or move this one away.`
      throw new SluiceError('SLUICE_ERR_BATCH_INPUT', message)
    }
  const good = await OutputFile.open(output, found(output))
  const bad = errorsPath === undefined ? good : await OutputFile.open(errorsPath, found(errorsPath))
  const files = new Set([good, bad])
  const agents = createAgents(new URL(flags.upstream!), env)
  const runtime = createSystemRuntime()
  try {
    if (flags.retryFailed && ledger.failed > 0) {
      await bad.rewrite((line) => (line.ok ? (ledger.lineOf(line.customId) ?? 0) : 0))
      ledger.forgetFailed()
    }
    const before = ledger.done + ledger.failed
    if (before > 0) out.write(`${before} of ${ledger.total} lines are done already; going on with the others.\n`)
    const concurrency = new AdaptiveConcurrency({ max: flags.concurrency })
    const target = {
      url: urlOf(flags.upstream!, endpoint),
      key: flags.key,
      agents,
      runtime,
      timeoutMs: flags.timeoutMs,
      signal,
    }
    const write = isOneFile ? vllmLine : openAiLine
    const runner = new LineRunner({
      runtime,
      concurrency,
      attempts: flags.attempts,
      signal,
      random: Math.random,
      send: ({ body }) => sendLine(target, body),
      write: async (line, result) => {
        await (isSuccess(result) ? good : bad).add(write(result))
        ledger.settle(line.number, result)
      },
    })
    const view = viewOf(runtime, out, { runner, ledger, concurrency, before })
    view.begin()
    const lines = pendingLines(input, ledger)
    try {
      await runner.run(lines, 2 * flags.concurrency)
    } finally {
      view.end()
      await lines.return()
    }
    if (signal.aborted) {
      out.write(
        `Stopped: ${ledger.done + ledger.failed} of ${ledger.total} lines are done. ${runner.held} that were under way are given up, and are done again by the same command.\n`,
      )
      return ENDS.interrupted
    }
    // What an earlier run left of a line that was done since is no longer true.
    if (flags.ordered || isOneFile)
      for (const file of files) await file.rewrite(({ customId }) => ledger.lineOf(customId) ?? 0)
    out.write(`${summary(ledger, before, runner, runtime)}\n`)
    if (ledger.failed > 0) out.write(`What failed, and why, is in ${bad.path}; --retry-failed does it again.\n`)
    return ledger.failed > 0 ? ENDS.failed : ENDS.ok
  } finally {
    agents.close()
    for (const file of files) await file.close()
  }
}

interface Watched {
  readonly runner: LineRunner
  readonly ledger: Ledger
  readonly concurrency: AdaptiveConcurrency
  readonly before: number
}

function viewOf(runtime: Runtime, out: Screen, { runner, ledger, concurrency, before }: Watched): ProgressView {
  return new ProgressView(runtime, out, () => {
    const nowMs = runtime.now()
    const { total, done, failed } = ledger
    const ended = done + failed
    const question = { nowMs, done: ended - before, remaining: total - ended, ages: runner.ages }
    return { total, done, failed, running: concurrency.running, eta: estimateEnd(runner.log, question), nowMs }
  })
}

function summary(ledger: Ledger, before: number, { log }: LineRunner, runtime: Runtime): string {
  const seconds = (runtime.now() - log.startMs) / 1_000
  const ended = ledger.done + ledger.failed - before
  const rate = ended === 0 ? '' : ` (${ended} in ${seconds.toFixed(1)} s, ${(ended / seconds).toFixed(1)} a second)`
  return `${ledger.done} of ${ledger.total} lines were done, ${ledger.failed} failed${rate}.`
}

/** `out.jsonl` has `out.errors.jsonl` beside it. */
function besideOf(output: string): string {
  return output.replace(/(\.[^./\\]*)?$/, (end) => `.errors${end}`)
}

function refuseSameFiles(paths: readonly string[]): void {
  const twice = paths.find((path, index) => paths.slice(0, index).some((other) => resolve(other) === resolve(path)))
  if (twice === undefined) return
  throw new SluiceError('SLUICE_ERR_OPTION', `${twice} is named twice. Input, output and errors are a file each.`)
}

/** Where an endpoint is at a backend: its base URL ends in what stands for `/v1` there, or has no path at all. */
function urlOf(upstream: string, endpoint: string): URL {
  const hasPath = new URL(upstream).pathname !== '/'
  return new URL(upstream + (hasPath ? endpoint.slice('/v1'.length) : endpoint))
}
