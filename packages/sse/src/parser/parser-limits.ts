import { SluiceError } from '@sluice/core'

/** What a parser holds at most. Over a limit it fails with `SLUICE_ERR_PARSE`, and stays failed until it is reset. */
export interface SseLimits {
  /**
   * Characters (UTF-16 units) of one line.
   *
   * @defaultValue 1048576
   */
  maxLineChars?: number | undefined
  /**
   * Characters of one event's data, line ends between its lines included.
   *
   * @defaultValue 4194304
   */
  maxEventChars?: number | undefined
  /**
   * `data` lines of one event.
   *
   * @defaultValue 10000
   */
  maxEventLines?: number | undefined
}

/** {@link SseLimits} with every default filled in. */
export type ResolvedSseLimits = { readonly [Name in keyof SseLimits]-?: number }

/** The limits of a parser that was given none. */
export const DEFAULT_SSE_LIMITS: ResolvedSseLimits = {
  maxLineChars: 1024 * 1024,
  maxEventChars: 4 * 1024 * 1024,
  maxEventLines: 10_000,
}

/** Fills in defaults. Throws `SLUICE_ERR_OPTION` for a limit that is neither a positive integer nor `Infinity`. */
export function resolveSseLimits(limits: SseLimits = {}): ResolvedSseLimits {
  return {
    maxLineChars: resolveLimit('maxLineChars', limits),
    maxEventChars: resolveLimit('maxEventChars', limits),
    maxEventLines: resolveLimit('maxEventLines', limits),
  }
}

function resolveLimit(name: keyof SseLimits, limits: SseLimits): number {
  const value = limits[name] ?? DEFAULT_SSE_LIMITS[name]
  if (value === Infinity || (Number.isSafeInteger(value) && value > 0)) return value
  throw new SluiceError('SLUICE_ERR_OPTION', `The option ${name} must be a positive integer and is ${String(value)}.`)
}

export function overLimit(option: keyof SseLimits, what: string, limit: number): SluiceError {
  return new SluiceError('SLUICE_ERR_PARSE', `The event stream is refused: ${what} than ${option} (${limit}) allows.`)
}
