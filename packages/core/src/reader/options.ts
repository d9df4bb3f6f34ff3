import { requireDuration, requireInteger, requireKnownNames, withDefault, isEmpty } from '../events/option-rules.ts'
import { requirePolicy } from '../chunking/policy-rules.ts'
import { adaptive } from '../chunking/adaptive.ts'
import type { ChunkingPolicy } from '../chunking/policy.ts'
import { type ChunkingWishes, NO_WISHES, requireWishes } from '../chunking/wishes.ts'

/** How one reader is served. The same names at every level; the nearest wins. */
export interface ReaderOptions {
  /** How many tokens travel together. Default `adaptive()`. */
  chunking?: ChunkingPolicy | undefined
  /** What this client wishes of its chunks: the policy honours it within its own limits. Default `{}`. */
  wishes?: ChunkingWishes | undefined
  /** Silence after which a heartbeat is sent, in milliseconds, ± 10 %. Default 15,000. */
  heartbeatMs?: number | false | undefined
  /** How long a sink may make us wait before its reader is detached, in milliseconds. Default 30,000. */
  stallMs?: number | false | undefined
  /** Bytes queued for a reader before it is made to wait. Default 16,384. */
  queueBytes?: number | undefined
  /** Largest chunk, in bytes. Default 16,384. */
  maxChunkBytes?: number | undefined
  /** How long a closing connection may take to send what is queued, in milliseconds. Default 5,000. */
  closeGraceMs?: number | undefined
  /**
   * How long one answer to a `GET` of sluice's own SSE lasts, in milliseconds, ± 10 %. It then ends with `closed: rotate`,
   * and its client comes back by itself: so that a vanished peer is noticed and a present one identified again. Other
   * answers and other transports last as long as their stream. Default 50,000.
   */
  rotateAfterMs?: number | false | undefined
  /**
   * For how long a reader that polls counts as reading after its last answer, in milliseconds, whatever `onDisconnect` says. A
   * grace that is longer counts from that answer too; at an instance that does not produce the stream, it begins when this
   * is over. Default 15,000.
   */
  betweenPollsMs?: number | undefined
}

/** {@link ReaderOptions} with nothing left open. */
export interface ResolvedReaderOptions {
  readonly chunking: ChunkingPolicy
  readonly wishes: ChunkingWishes
  readonly heartbeatMs: number | false
  readonly stallMs: number | false
  readonly queueBytes: number
  readonly maxChunkBytes: number
  readonly closeGraceMs: number
  readonly rotateAfterMs: number | false
  readonly betweenPollsMs: number
}

/** Defaults of {@link ReaderOptions}. */
export const DEFAULT_READER_OPTIONS: ResolvedReaderOptions = {
  chunking: adaptive(),
  wishes: NO_WISHES,
  heartbeatMs: 15_000,
  stallMs: 30_000,
  queueBytes: 16 * 1024,
  maxChunkBytes: 16 * 1024,
  closeGraceMs: 5_000,
  // With its jitter and the close grace at most a minute, which is what proxies and serverless functions allow.
  rotateAfterMs: 50_000,
  betweenPollsMs: 15_000,
}

const HOUR_MS = 3_600_000
const MIB = 1024 * 1024

/** Fills `options` from `base` and checks the result. */
export function resolveReaderOptions(
  options: ReaderOptions | undefined,
  base: ResolvedReaderOptions = DEFAULT_READER_OPTIONS,
): ResolvedReaderOptions {
  if (options === undefined || isEmpty(options)) return base
  requireKnownNames('reader', options, Object.keys(DEFAULT_READER_OPTIONS))
  return {
    chunking: requirePolicy('chunking', withDefault(options.chunking, base.chunking)),
    wishes: requireWishes(withDefault(options.wishes, base.wishes)),
    heartbeatMs: requireDuration('heartbeatMs', withDefault(options.heartbeatMs, base.heartbeatMs), HOUR_MS),
    stallMs: requireDuration('stallMs', withDefault(options.stallMs, base.stallMs), HOUR_MS),
    queueBytes: requireInteger('queueBytes', withDefault(options.queueBytes, base.queueBytes), 256, 64 * MIB),
    maxChunkBytes: requireInteger(
      'maxChunkBytes',
      withDefault(options.maxChunkBytes, base.maxChunkBytes),
      64,
      64 * MIB,
    ),
    closeGraceMs: requireInteger('closeGraceMs', withDefault(options.closeGraceMs, base.closeGraceMs), 0, HOUR_MS),
    rotateAfterMs: requireDuration('rotateAfterMs', withDefault(options.rotateAfterMs, base.rotateAfterMs), HOUR_MS),
    betweenPollsMs: requireInteger(
      'betweenPollsMs',
      withDefault(options.betweenPollsMs, base.betweenPollsMs),
      0,
      HOUR_MS,
    ),
  }
}
