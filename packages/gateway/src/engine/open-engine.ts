import { createSluice, type Sluice } from '@sluice/core'

import type { RunnerFor } from '../asking/backend-runner.ts'
import { openJobs, type OpenJobs } from '../jobs/open-jobs.ts'
import { createLog, type Log } from '../log/log.ts'
import { writeToStandardError } from '../log/standard-error.ts'
import type { GatewayOptions } from '../options/gateway-options.ts'
import type { Backend } from '../upstream/backend.ts'
import { FailureLog } from '../upstream/failure-log.ts'
import { OwnStreams } from '../watching/own-streams.ts'
import { GatewayMetrics } from './gateway-metrics.ts'
import { createRunner, openBackend } from './open-backend.ts'
import { openRecording } from './open-recording.ts'
import { logStoreHealth, openStore } from './open-store.ts'
import { sluiceOptionsFor } from '../options/sluice-options.ts'

/** What answers, whether it is asked over HTTP or by a job. */
export interface OpenEngine {
  readonly log: Log
  readonly store: Awaited<ReturnType<typeof openStore>>
  readonly metrics: GatewayMetrics
  readonly own: OwnStreams
  readonly sluice: Sluice
  readonly backend: Backend | undefined
  readonly runnerFor: RunnerFor
  readonly jobs: OpenJobs
  readonly after: (ms: number, task: () => void) => () => void
}

/**
 * Opens what the options name. `opened` is given what closes each part, in the order in which they were opened; `serves` says whether
 * there will be routes.
 */
export async function openEngine(
  options: GatewayOptions,
  { opened, serves }: { opened: (() => unknown)[]; serves: boolean },
): Promise<OpenEngine> {
  const log = createLog({ level: options.log, format: options.logFormat, write: writeToStandardError })
  const store = await openStore(options, log)
  opened.push(() => store.dispose())
  const metrics = new GatewayMetrics()
  const own = new OwnStreams()
  const failures = new FailureLog(log)
  const recording = options.record === undefined ? undefined : await openRecording(options.record, log)
  opened.push(() => recording?.close())
  const sluice = createSluice({
    store,
    ...sluiceOptionsFor(options),
    transforms: recording ? [recording.transform] : [],
    observers: [metrics, failures, own, ...(recording ? [recording.observer] : [])],
  })
  const after = (ms: number, task: () => void): (() => void) => sluice.after(ms, task)
  opened.push(logStoreHealth(store, log, after))
  const backend = openBackend(options, { log, after })
  opened.push(() => backend?.close())
  const runnerFor = createRunner(options, { backend, failures })
  const jobs = await openJobs({ options, sluice, runnerFor, observers: [metrics, failures], log, serves })
  opened.push(() => jobs.close())
  return { log, store, metrics, own, sluice, backend, runnerFor, jobs, after }
}
