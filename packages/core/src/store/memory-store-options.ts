import { requireInteger, requireKnownNames, withDefault } from '../events/option-rules.ts'
import { createSystemRuntime, type Runtime } from '../clock/runtime.ts'

/** Options of {@link createMemoryStore}. */
export interface MemoryStoreOptions {
  /**
   * Bytes that all streams may take, as they are held: events, facts, and what runs them. Ended ones are given up for it, oldest end
   * first; starts are refused when those that run are too much. Default 256 MiB.
   */
  maxBytes?: number | undefined
  /** Tombstones remembered, in a sixteenth of `maxBytes` (64 KiB at least) beside it. Default 10,000. */
  maxTombstones?: number | undefined
  runtime?: Runtime | undefined
}

/** Defaults of {@link MemoryStoreOptions}. */
export const DEFAULT_MEMORY_STORE_OPTIONS: { readonly maxBytes: number; readonly maxTombstones: number } = {
  maxBytes: 256 * 1024 * 1024,
  maxTombstones: 10_000,
}

/** The options with defaults filled in, or a {@link SluiceError} that names the wrong one. */
export function resolveMemoryStoreOptions(options: MemoryStoreOptions): {
  maxBytes: number
  maxTombstones: number
  runtime: Runtime
} {
  requireKnownNames('memory store', options, ['maxBytes', 'maxTombstones', 'runtime'])
  const defaults = DEFAULT_MEMORY_STORE_OPTIONS
  return {
    maxBytes: requireInteger('maxBytes', withDefault(options.maxBytes, defaults.maxBytes), 1024, 2 ** 40),
    maxTombstones: requireInteger(
      'maxTombstones',
      withDefault(options.maxTombstones, defaults.maxTombstones),
      0,
      10_000_000,
    ),
    runtime: withDefault(options.runtime, createSystemRuntime()),
  }
}
