import { invalidOption, resolveGroup } from '../errors/option-rules.ts'

/**
 * What becomes of events when the buffer between network and reader is full. `pause`: nothing more is taken from the network
 * until there is room, which the server feels. `drop-rendered`: the same, but events stay at hand after they were read, until
 * their room is needed. `skip-and-mark`: the oldest unread ones are dropped, and a `skipped` stands in their place.
 */
export type OnOverflow = 'pause' | 'drop-rendered' | 'skip-and-mark'

/** The buffer between network and reader. */
export interface BufferOptions {
  /**
   * Events it holds at most.
   * @defaultValue 4096
   */
  items?: number | undefined
  /**
   * Bytes it holds at most: two for each UTF-16 unit, and 64 for each event.
   * @defaultValue 1048576
   */
  bytes?: number | undefined
  /** @defaultValue 'pause' */
  onOverflow?: OnOverflow | undefined
}

/** {@link BufferOptions} with every default filled in. */
export type ResolvedBufferOptions = { readonly [Name in keyof BufferOptions]-?: NonNullable<BufferOptions[Name]> }

/** The buffer of a stream that says nothing about it. */
export const DEFAULT_BUFFER_OPTIONS: ResolvedBufferOptions = { items: 4096, bytes: 1_048_576, onOverflow: 'pause' }

const POLICIES: readonly OnOverflow[] = ['pause', 'drop-rendered', 'skip-and-mark']

/** Fills in defaults. @throws SluiceError `SLUICE_ERR_OPTION` */
export function resolveBufferOptions(options?: BufferOptions): ResolvedBufferOptions {
  const resolved = resolveGroup('buffer', options, DEFAULT_BUFFER_OPTIONS)
  const { onOverflow } = resolved
  if (!POLICIES.includes(onOverflow)) throw invalidOption('buffer.onOverflow', onOverflow, POLICIES.join(', '))
  return resolved
}
