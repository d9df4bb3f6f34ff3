import { requireInteger, requireNumber } from '@sluice/core/extend'

import type { QueueWorkOptions } from './job-queue.ts'

const MAX_AT_ONCE = 10_000
const DAY_MS = 86_400_000

/** What every queue asks of a worker. @throws SluiceError `SLUICE_ERR_OPTION` */
export function requireWorkOptions({ concurrency, perOwner, leaseMs, checkMs }: QueueWorkOptions): void {
  requireInteger('concurrency', concurrency, 1, MAX_AT_ONCE)
  requireInteger('perOwner', perOwner, 1, MAX_AT_ONCE)
  requireNumber('leaseMs', leaseMs, 100, DAY_MS)
  requireNumber('checkMs', checkMs, 10, DAY_MS)
}
