import { resolveGroup } from '../errors/option-rules.ts'

/** How a connection that broke is made anew. */
export interface ResumeOptions {
  /**
   * The longest first delay, in milliseconds; each delay is drawn from 0 up to it, and it doubles with every attempt. What the
   * server says in `retry:` takes its place.
   *
   * @defaultValue 500
   */
  baseMs?: number | undefined
  /**
   * The longest delay.
   * @defaultValue 30000
   */
  capMs?: number | undefined
  /**
   * Connections in a row that bring no event, before it is given up.
   * @defaultValue 16
   */
  maxAttempts?: number | undefined
  /**
   * How long a connection must last before the next delay is a first one again.
   * @defaultValue 5000
   */
  healthyMs?: number | undefined
  /**
   * A connection on which nothing comes for so long, not even a heartbeat, counts as lost. A server sends one every 15 s.
   * @defaultValue 45000
   */
  silenceMs?: number | undefined
  /**
   * A connection that brings no event for so long, whatever heartbeats it has, is made anew; where the next one brings none
   * either, reading fails. `Infinity` for sources that may be silent for hours.
   * @defaultValue 300000
   */
  progressMs?: number | undefined
}

/** {@link ResumeOptions} with every default filled in. */
export type ResolvedResumeOptions = { readonly [Name in keyof ResumeOptions]-?: number }

/** How a stream resumes that says nothing about it. */
export const DEFAULT_RESUME_OPTIONS: ResolvedResumeOptions = {
  baseMs: 500,
  capMs: 30_000,
  maxAttempts: 16,
  healthyMs: 5_000,
  silenceMs: 45_000,
  progressMs: 300_000,
}

/** Fills in defaults. @throws SluiceError `SLUICE_ERR_OPTION` */
export function resolveResumeOptions(options?: ResumeOptions): ResolvedResumeOptions {
  return resolveGroup('resume', options, DEFAULT_RESUME_OPTIONS)
}
