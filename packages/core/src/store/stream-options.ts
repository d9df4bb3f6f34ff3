import {
  invalidOption,
  requireDuration,
  requireInteger,
  requireKnownNames,
  withDefault,
  isEmpty,
} from '../events/option-rules.ts'

const DAY_MS = 86_400_000
const MIB = 1024 * 1024

/** What happens when the last reader anywhere has gone. */
export type OnDisconnect = 'cancel' | 'continue' | { graceMs: number }

/**
 * `committed`: readers see what the store has acknowledged. `write-behind`: they see it before that. `{ replicas: n }`:
 * only what so many replicas of the store have, too.
 */
export type Durability = 'committed' | 'write-behind' | { readonly replicas: number }

/** Bounds on what a source may take. Each can be switched off with `false`. */
export interface DeadlineOptions {
  /** From the first pull to the first event, in milliseconds; `touch()` begins it anew. Default 120,000. */
  firstTokenMs?: number | false | undefined
  /** Between events while a pull is outstanding; any event or `touch()` begins it anew. Default 60,000. */
  idleMs?: number | false | undefined
  /** The whole stream. Default 3,600,000. */
  totalMs?: number | false | undefined
}

/** How one stream is produced and kept. The same names at every level; the nearest wins. */
export interface StreamOptions {
  /** When the last reader has gone: cancel at once, never, or after a grace. Default `{ graceMs: 15_000 }`. */
  onDisconnect?: OnDisconnect | undefined
  deadlines?: DeadlineOptions | undefined
  /** How far the source may run ahead of the furthest attached reader, in bytes. Default 65,536. */
  windowBytes?: number | undefined
  /**
   * What is kept for replay, in bytes: those of the text and two for each piece of it. Over it the head is trimmed. Default 1 MiB, an answer
   * of 128,000 tokens.
   */
  retentionBytes?: number | undefined
  /** How long an ended stream is kept, in milliseconds. Default 3,600,000. */
  retentionMs?: number | undefined
  /**
   * Longer text is split into events of at most this many bytes, or of 60 KiB of JSON where that is less: some readers of a wire
   * fail at lines of 64 KiB. Default 16,384.
   */
  maxEventBytes?: number | undefined
  /**
   * Largest event that cannot be split, in bytes of JSON: data, a tool's result, what a provider sent beyond our model (an
   * image, a piece of audio). A log may hold one such event beyond its other limits. Left open, it is a quarter of `retentionBytes`.
   */
  maxDataBytes?: number | undefined
  /** How long a stream nobody has attached to yet may run, in milliseconds. Default 30,000. */
  unattachedMs?: number | undefined
  /** When an HTTP answer opens although the source has not, in milliseconds. Default 2,000. */
  openAfterMs?: number | undefined
  /**
   * What a remote store must have done before readers see an event: acknowledged it (`committed`), nothing yet
   * (`write-behind`), or had it acknowledged by replicas. A store in this process needs none of it. Default `committed`.
   */
  durability?: Durability | undefined
  /** How long a stream of a named source waits for another instance when its own has died, in milliseconds. Default 5,000. */
  takeoverMs?: number | undefined
}

/** {@link StreamOptions} with nothing left open. */
export interface ResolvedStreamOptions {
  readonly onDisconnect: OnDisconnect
  readonly deadlines: {
    readonly firstTokenMs: number | false
    readonly idleMs: number | false
    readonly totalMs: number | false
  }
  readonly windowBytes: number
  readonly retentionBytes: number
  readonly retentionMs: number
  readonly maxEventBytes: number
  /** `undefined`: a quarter of `retentionBytes`. */
  readonly maxDataBytes: number | undefined
  readonly unattachedMs: number
  readonly openAfterMs: number
  readonly durability: Durability
  readonly takeoverMs: number
}

/** Defaults of {@link StreamOptions}. */
export const DEFAULT_STREAM_OPTIONS: ResolvedStreamOptions = {
  onDisconnect: { graceMs: 15_000 },
  deadlines: { firstTokenMs: 120_000, idleMs: 60_000, totalMs: 3_600_000 },
  windowBytes: 64 * 1024,
  retentionBytes: MIB,
  retentionMs: 3_600_000,
  maxEventBytes: 16 * 1024,
  maxDataBytes: undefined,
  unattachedMs: 30_000,
  openAfterMs: 2_000,
  durability: 'committed',
  takeoverMs: 5_000,
}

/** Fills `options` from `base` and checks the result. */
export function resolveStreamOptions(
  options: StreamOptions | undefined,
  base: ResolvedStreamOptions = DEFAULT_STREAM_OPTIONS,
): ResolvedStreamOptions {
  if (options === undefined || isEmpty(options)) return base
  requireKnownNames('stream', options, Object.keys(DEFAULT_STREAM_OPTIONS))
  const deadlines = withDefault(options.deadlines, {})
  requireKnownNames('stream.deadlines', deadlines, Object.keys(DEFAULT_STREAM_OPTIONS.deadlines))
  const resolved: ResolvedStreamOptions = {
    onDisconnect: requireOnDisconnect(withDefault(options.onDisconnect, base.onDisconnect)),
    deadlines: {
      firstTokenMs: requireDuration(
        'deadlines.firstTokenMs',
        withDefault(deadlines.firstTokenMs, base.deadlines.firstTokenMs),
        DAY_MS,
      ),
      idleMs: requireDuration('deadlines.idleMs', withDefault(deadlines.idleMs, base.deadlines.idleMs), DAY_MS),
      totalMs: requireDuration(
        'deadlines.totalMs',
        withDefault(deadlines.totalMs, base.deadlines.totalMs),
        30 * DAY_MS,
      ),
    },
    windowBytes: requireInteger('windowBytes', withDefault(options.windowBytes, base.windowBytes), 64, 256 * MIB),
    retentionBytes: requireInteger(
      'retentionBytes',
      withDefault(options.retentionBytes, base.retentionBytes),
      1024,
      1024 * MIB,
    ),
    retentionMs: requireInteger('retentionMs', withDefault(options.retentionMs, base.retentionMs), 0, 30 * DAY_MS),
    maxEventBytes: requireInteger('maxEventBytes', withDefault(options.maxEventBytes, base.maxEventBytes), 16, MIB),
    maxDataBytes: requireMaxDataBytes(withDefault(options.maxDataBytes, base.maxDataBytes)),
    unattachedMs: requireInteger('unattachedMs', withDefault(options.unattachedMs, base.unattachedMs), 1, DAY_MS),
    openAfterMs: requireInteger('openAfterMs', withDefault(options.openAfterMs, base.openAfterMs), 0, 60_000),
    durability: requireDurability(withDefault(options.durability, base.durability)),
    takeoverMs: requireInteger('takeoverMs', withDefault(options.takeoverMs, base.takeoverMs), 0, DAY_MS),
  }
  if (resolved.retentionBytes < resolved.windowBytes + resolved.maxEventBytes) {
    throw invalidOption(
      'retentionBytes',
      resolved.retentionBytes,
      `at least windowBytes (${resolved.windowBytes}) plus maxEventBytes (${resolved.maxEventBytes}), or the only reader would lose its place`,
    )
  }
  return resolved
}

function requireMaxDataBytes(value: number | undefined): number | undefined {
  return value === undefined ? undefined : requireInteger('maxDataBytes', value, 16, 1024 * MIB)
}

function requireDurability(value: Durability): Durability {
  if (value === 'committed' || value === 'write-behind') return value
  if (typeof value === 'object' && value !== null && 'replicas' in value) {
    requireKnownNames('durability', value, ['replicas'])
    return { replicas: requireInteger('durability.replicas', value.replicas, 1, 16) }
  }
  throw invalidOption('durability', value, '"committed", "write-behind" or { replicas }')
}

function requireOnDisconnect(value: OnDisconnect): OnDisconnect {
  if (value === 'cancel' || value === 'continue') return value
  if (typeof value === 'object' && value !== null && 'graceMs' in value) {
    requireKnownNames('onDisconnect', value, ['graceMs'])
    return { graceMs: requireInteger('onDisconnect.graceMs', value.graceMs, 0, DAY_MS) }
  }
  throw invalidOption('onDisconnect', value, '"cancel", "continue" or { graceMs }')
}
