import { DEFAULT_GATEWAY_OPTIONS as DEFAULTS, type JobSettings } from './gateway-options.ts'
import { count, duration, type OptionRows, parseSwitch } from './option-row.ts'
import { parseWholeNumber } from './option-values.ts'

const DAY_MS = 86_400_000
const YEAR_MS = 365 * DAY_MS
const MANY = 10_000_000

/** How answers that nobody waits for are made: jobs. */
export const JOB_ROWS: OptionRows<JobSettings> = {
  jobConcurrency: count({
    flag: '--job-concurrency',
    min: 0,
    max: 10_000,
    example: DEFAULTS.jobConcurrency,
    help: 'Jobs that this process attempts at a time; 0 leaves them to workers on the same Redis',
  }),
  jobAttempts: count({
    flag: '--job-attempts',
    min: 1,
    max: 100,
    example: DEFAULTS.jobAttempts,
    help: 'Attempts that one job may have',
  }),
  jobWaitMs: duration({
    flag: '--job-wait-ms',
    min: 1,
    max: YEAR_MS,
    example: DEFAULTS.jobWaitMs,
    help: 'How long a job may wait for its first attempt before it expires',
  }),
  jobKeepMs: duration({
    flag: '--job-keep-ms',
    min: 0,
    max: YEAR_MS,
    example: DEFAULTS.jobKeepMs,
    help: 'How long a job and its answer are kept after its end',
  }),
  jobsQueued: count({
    flag: '--jobs-queued',
    min: 0,
    max: MANY,
    example: DEFAULTS.jobsQueued,
    help: 'Jobs that may wait; more are refused with 503',
  }),
  jobsQueuedPerOwner: count({
    flag: '--jobs-queued-per-owner',
    min: 0,
    max: MANY,
    example: DEFAULTS.jobsQueuedPerOwner,
    help: 'Jobs of one owner that may wait; more are refused with 429',
  }),
  jobsPerOwner: count({
    flag: '--jobs-per-owner',
    min: 1,
    max: 10_000,
    example: DEFAULTS.jobsPerOwner,
    help: 'Jobs of one owner that are attempted at a time, by all workers together',
  }),
  batchConcurrency: count({
    flag: '--batch-concurrency',
    min: 1,
    max: 10_000,
    example: DEFAULTS.batchConcurrency,
    help: 'Lines of batches that this process asks at a time at the most: fewer while the backend is busy',
  }),
  webhookPort: {
    flag: '--webhook-port',
    variable: 'SLUICE_WEBHOOK_PORT',
    value: '<number>',
    many: true,
    rule: 'ports from 1 to 65535, with commas between them',
    example: '8443',
    help: 'Ports that webhooks may have; repeat it, or separate several by commas. Without it 443',
    parse: parsePorts,
  },
  webhooksAnywhere: {
    flag: '--webhooks-anywhere',
    variable: 'SLUICE_WEBHOOKS_ANYWHERE',
    rule: '"true" or "false"',
    example: 'true',
    help: 'Webhooks may lead to this machine and its network, and go without TLS: for networks without strangers',
    parse: parseSwitch,
  },
}

function parsePorts(text: string): readonly number[] | undefined {
  const ports = text.split(',').map((port) => parseWholeNumber(port.trim(), 65_535))
  return ports.every((port) => port !== undefined && port > 0) ? (ports as number[]) : undefined
}
