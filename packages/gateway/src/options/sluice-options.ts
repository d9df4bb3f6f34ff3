import type { BodyOptions, LimitOptions, ReaderOptions, StreamOptions } from '@sluice/core'

import type { GatewayOptions } from './gateway-options.ts'

const MAX_DATA_BYTES = 1024 * 1024 * 1024

/** The gateway's options in the words of the library. */
export function sluiceOptionsFor(options: GatewayOptions): {
  stream: StreamOptions
  reader: ReaderOptions
  limits: LimitOptions
  bodies: BodyOptions
} {
  const { onDisconnect, firstTokenMs, idleMs, totalMs, windowBytes, retentionBytes, retentionMs } = options
  const { unattachedMs, openAfterMs, rotateAfterMs, heartbeatMs, stallMs, queueBytes, closeGraceMs } = options
  return {
    stream: {
      onDisconnect,
      deadlines: { firstTokenMs, idleMs, totalMs },
      windowBytes,
      retentionBytes,
      // What a chunk or a completion holds is one event, and may be longer as it is written here.
      maxDataBytes: Math.min(MAX_DATA_BYTES, 2 * Math.max(options.maxChunkBytes, options.maxCompletionBytes)),
      retentionMs,
      unattachedMs,
      openAfterMs,
    },
    reader: { rotateAfterMs, heartbeatMs, stallMs, queueBytes, closeGraceMs },
    limits: limitsFor(options),
    bodies: {
      totalBytes: options.bodyTotalBytes,
      graceMs: options.bodyGraceMs,
      bytesPerSecond: options.bodyBytesPerSecond,
      jsonMembers: options.jsonMembers,
      jsonNames: options.jsonNames,
    },
  }
}

/** With `none` everybody is one owner, and with `bearer` an owner may be a whole application. */
function limitsFor(options: GatewayOptions): LimitOptions {
  const preset =
    options.auth === 'none'
      ? { streamsPerOwner: 10_000, startsPerSecond: 10_000, startBurst: 10_000 }
      : { streamsPerOwner: 1_000, startsPerSecond: 200, startBurst: 1_000 }
  return {
    streams: options.streams,
    readersPerStream: options.readersPerStream,
    streamsPerOwner: options.streamsPerOwner ?? preset.streamsPerOwner,
    startsPerSecond: options.startsPerSecond ?? preset.startsPerSecond,
    startBurst: options.startBurst ?? preset.startBurst,
  }
}
