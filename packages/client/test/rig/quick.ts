import type { ResumeOptions } from '@sluice/client'

/** Reconnects at once: a test waits for nobody. */
export const QUICK: ResumeOptions = { baseMs: 1, capMs: 5, maxAttempts: 1_000 }
