import { requireInteger, requireKnownNames, withDefault } from '@sluice/core/extend'

/** Options of `memoryQueue`. */
export interface MemoryQueueOptions {
  /** Bytes that all jobs together may take, ended ones included. Over it new ones are refused with `SLUICE_ERR_OVERLOADED`. Default 256 MiB. */
  maxBytes?: number | undefined
}

/** Defaults of {@link MemoryQueueOptions}. */
export const DEFAULT_MEMORY_QUEUE_OPTIONS: { readonly maxBytes: number } = { maxBytes: 256 * 1024 * 1024 }

/** Fills what is left open and checks the rest. @throws SluiceError `SLUICE_ERR_OPTION` */
export function resolveMemoryQueueOptions(options: MemoryQueueOptions = {}): { readonly maxBytes: number } {
  requireKnownNames('memoryQueue', options, Object.keys(DEFAULT_MEMORY_QUEUE_OPTIONS))
  const maxBytes = withDefault(options.maxBytes, DEFAULT_MEMORY_QUEUE_OPTIONS.maxBytes)
  return { maxBytes: requireInteger('maxBytes', maxBytes, 1024, 2 ** 40) }
}
