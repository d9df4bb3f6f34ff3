import { loadTokenizer } from '../demo-runner/tokenizer.ts'
import type { GatewayOptions } from '../options/gateway-options.ts'
import { SluiceError } from '@sluice/core'

import { openEngine } from '../engine/open-engine.ts'

/** A worker that attempts jobs. */
export interface RunningWorker {
  /** Takes no more jobs; those it has may end within `drainMs`, and else wait again for another worker. Idempotent. */
  close(): Promise<void>
}

/**
 * Starts a process that attempts jobs which gateways on the same Redis were given, and serves nothing.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const worker = await startWorker(parseGatewayOptions(['--redis', 'redis://127.0.0.1'], process.env))
 * ```
 */
export async function startWorker(options: GatewayOptions): Promise<RunningWorker> {
  if (options.redis === undefined)
    throw new SluiceError(
      'SLUICE_ERR_OPTION',
      'A worker needs the Redis of its gateways: say --redis (SLUICE_REDIS_URL). Where one process does all, the gateway itself is the worker.',
    )
  if (options.jobConcurrency === 0)
    throw new SluiceError(
      'SLUICE_ERR_OPTION',
      'A worker needs --job-concurrency (SLUICE_JOB_CONCURRENCY) of at least 1.',
    )
  const opened: (() => unknown)[] = []
  const closeAll = async (): Promise<void> => {
    for (const close of opened.reverse()) await close()
  }
  try {
    const { jobs, sluice } = await openEngine(options, { opened, serves: false })
    if (options.upstream === undefined) await loadTokenizer()
    jobs.work()
    let closing: Promise<void> | undefined
    const drain = async (): Promise<void> => {
      await Promise.all([jobs.stop(), sluice.drain({ withinMs: options.drainMs })])
      await closeAll()
    }
    return { close: () => (closing ??= drain()) }
  } catch (error) {
    await closeAll()
    throw error
  }
}
