import { invalidOption, requireInteger, requireKnownNames, requireNumber, withDefault } from '@sluice/core/extend'

import type { OwnerUsage } from '../files/owner-usage.ts'

/** How much there may be. */
export interface BatchLimits {
  /**
   * Files of one owner.
   * @defaultValue 1,000
   */
  readonly files?: number | undefined
  /**
   * Bytes in all files of one owner. Results are written in any case, and count: what is uploaded after that is refused.
   * @defaultValue 4 GiB
   */
  readonly bytes?: number | undefined
  /**
   * Batches of one owner that are not over.
   * @defaultValue 10
   */
  readonly batches?: number | undefined
  /**
   * Lines of those batches, all together.
   * @defaultValue 200,000
   */
  readonly lines?: number | undefined
  /**
   * Bytes of one file.
   * @defaultValue 209,715,200 (200 MiB)
   */
  readonly fileBytes?: number | undefined
  /**
   * Lines of one batch.
   * @defaultValue 50,000
   */
  readonly batchLines?: number | undefined
  /**
   * Bytes of one line.
   * @defaultValue 4 MiB
   */
  readonly lineBytes?: number | undefined
}

/** {@link BatchLimits} with nothing left open. */
export type ResolvedBatchLimits = OwnerUsage & {
  readonly fileBytes: number
  readonly batchLines: number
  readonly lineBytes: number
}

/** Defaults of {@link BatchLimits}. */
export const DEFAULT_BATCH_LIMITS: ResolvedBatchLimits = {
  files: 1_000,
  bytes: 4 * 1024 ** 3,
  batches: 10,
  lines: 200_000,
  fileBytes: 200 * 1024 * 1024,
  batchLines: 50_000,
  lineBytes: 4 * 1024 * 1024,
}

/** Above what batches stand back for those who wait at the other end. */
export interface PressureBounds {
  /**
   * How long the first token of an interactive answer may take, in milliseconds.
   * @defaultValue 2,000
   */
  readonly interactiveTtftMs?: number | undefined
  /**
   * How many interactive requests may be queued.
   * @defaultValue 0
   */
  readonly queued?: number | undefined
}

/** How batches are worked off. */
export interface BatchWorkOptions {
  /**
   * Lines that are asked at a time, by all batches of this process; fewer while the backend says so.
   * @defaultValue 64
   */
  readonly concurrency?: number | undefined
  /**
   * Batches that are worked at at a time, of this process.
   * @defaultValue 4
   */
  readonly batchesAtOnce?: number | undefined
  /**
   * Batches of one owner that are worked at at a time, by all processes.
   * @defaultValue 2
   */
  readonly batchesPerOwner?: number | undefined
  /**
   * How often a line is asked whose backend fails. Where it is busy (429, 503, 529) that is not counted.
   * @defaultValue 3
   */
  readonly attempts?: number | undefined
  /**
   * How long one answer may take, in milliseconds.
   * @defaultValue 600,000
   */
  readonly lineMs?: number | undefined
  /**
   * How long a process that says nothing keeps a batch, in milliseconds: another one goes on with it then.
   * @defaultValue 8,000
   */
  readonly leaseMs?: number | undefined
  /**
   * How often it is looked for batches that nobody works at, in milliseconds.
   * @defaultValue 2,000
   */
  readonly lookEveryMs?: number | undefined
  /**
   * How long lines that are being asked may take when the process is to end, in milliseconds. What is not answered then is asked
   * again by whoever goes on.
   * @defaultValue 10,000
   */
  readonly drainMs?: number | undefined
  /** Default: see {@link PressureBounds}. */
  readonly pressureBounds?: PressureBounds | undefined
}

/** {@link BatchWorkOptions} with nothing left open. */
export interface ResolvedWorkOptions {
  readonly concurrency: number
  readonly batchesAtOnce: number
  readonly batchesPerOwner: number
  readonly attempts: number
  readonly lineMs: number
  readonly leaseMs: number
  readonly lookEveryMs: number
  readonly drainMs: number
  readonly pressureBounds: { readonly interactiveTtftMs: number; readonly queued: number }
}

/** Defaults of {@link BatchWorkOptions}. */
export const DEFAULT_WORK_OPTIONS: ResolvedWorkOptions = {
  concurrency: 64,
  batchesAtOnce: 4,
  batchesPerOwner: 2,
  attempts: 3,
  lineMs: 600_000,
  leaseMs: 8_000,
  lookEveryMs: 2_000,
  drainMs: 10_000,
  pressureBounds: { interactiveTtftMs: 2_000, queued: 0 },
}

const COUNTS = ['concurrency', 'batchesAtOnce', 'batchesPerOwner', 'attempts'] as const
const TIMES = ['lineMs', 'leaseMs', 'lookEveryMs', 'drainMs'] as const
const MAX_COUNT = 100_000
const MAX_MS = 24 * 3_600_000

/** Checks limits. @throws SluiceError `SLUICE_ERR_OPTION` */
export function resolveLimits(limits: BatchLimits = {}): ResolvedBatchLimits {
  const names = Object.keys(DEFAULT_BATCH_LIMITS) as (keyof ResolvedBatchLimits)[]
  requireKnownNames('limits', limits, names)
  const resolved: Record<string, number> = {}
  for (const name of names) {
    const value = withDefault(limits[name], DEFAULT_BATCH_LIMITS[name])
    resolved[name] = requireInteger(`limits.${name}`, value, 1, Number.MAX_SAFE_INTEGER)
  }
  return resolved as unknown as ResolvedBatchLimits
}

/** Checks how batches are worked off. @throws SluiceError `SLUICE_ERR_OPTION` */
export function resolveWork(options: BatchWorkOptions = {}): ResolvedWorkOptions {
  requireKnownNames('work', options, [...COUNTS, ...TIMES, 'pressureBounds'])
  const resolved: Record<string, number> = {}
  for (const name of COUNTS) {
    resolved[name] = requireInteger(name, withDefault(options[name], DEFAULT_WORK_OPTIONS[name]), 1, MAX_COUNT)
  }
  for (const name of TIMES) {
    const value = withDefault(options[name], DEFAULT_WORK_OPTIONS[name])
    resolved[name] = requireNumber(name, value, name === 'drainMs' ? 0 : 1, MAX_MS)
  }
  const { leaseMs = 0, lookEveryMs = 0 } = resolved
  if (lookEveryMs > leaseMs / 2) throw invalidOption('lookEveryMs', lookEveryMs, `half of leaseMs (${leaseMs}) at most`)
  const bounds = withDefault(options.pressureBounds, {})
  requireKnownNames('pressureBounds', bounds, ['interactiveTtftMs', 'queued'])
  const { interactiveTtftMs, queued } = { ...DEFAULT_WORK_OPTIONS.pressureBounds, ...bounds }
  return {
    ...(resolved as unknown as Omit<ResolvedWorkOptions, 'pressureBounds'>),
    pressureBounds: {
      interactiveTtftMs: requireNumber('interactiveTtftMs', interactiveTtftMs, 0, MAX_MS),
      queued: requireInteger('queued', queued, 0, Number.MAX_SAFE_INTEGER),
    },
  }
}
