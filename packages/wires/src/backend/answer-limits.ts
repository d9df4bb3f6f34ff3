import { SluiceError } from '@sluice/core'

/**
 * What a source takes of a backend's answer at most. Over a limit the stream ends with an error that names it. What an event
 * holds beyond our model is one event: the stream's own `maxDataBytes` has to allow for it, too.
 */
export interface AnswerLimits {
  /**
   * Bytes of one event of a streamed answer.
   *
   * @defaultValue 16777216
   */
  maxChunkBytes?: number | undefined
  /**
   * Bytes of an answer that comes in one piece instead of as a stream.
   *
   * @defaultValue 16777216
   */
  maxCompletionBytes?: number | undefined
  /**
   * Bytes that are kept from one event to the next: ids, names and what else items say of themselves when they begin.
   *
   * @defaultValue 1048576
   */
  maxHeldBytes?: number | undefined
}

/** {@link AnswerLimits} with nothing left open. */
export type ResolvedAnswerLimits = { readonly [Name in keyof AnswerLimits]-?: number }

const MIB = 1024 * 1024

/** Defaults of {@link AnswerLimits}. */
export const DEFAULT_ANSWER_LIMITS: ResolvedAnswerLimits = {
  maxChunkBytes: 16 * MIB,
  maxCompletionBytes: 16 * MIB,
  maxHeldBytes: MIB,
}

/** The limits with defaults filled in, or an error that names the wrong one. */
export function resolveAnswerLimits(limits: AnswerLimits): ResolvedAnswerLimits {
  const resolve = (name: keyof AnswerLimits): number =>
    resolveByteLimit(name, limits[name], DEFAULT_ANSWER_LIMITS[name])
  return {
    maxChunkBytes: resolve('maxChunkBytes'),
    maxCompletionBytes: resolve('maxCompletionBytes'),
    maxHeldBytes: resolve('maxHeldBytes'),
  }
}

/** `value`, or its default. @throws SluiceError `SLUICE_ERR_OPTION` */
function resolveByteLimit(name: string, value: number | undefined, byDefault: number): number {
  const bytes = value ?? byDefault
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes
  throw new SluiceError(
    'SLUICE_ERR_OPTION',
    `The option "${name}" is ${String(bytes)}; it must be a whole number of bytes above 0.`,
  )
}
