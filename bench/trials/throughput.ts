import type { Metrics } from './row.ts'
import type { Shape } from '../traffic/source.ts'
import type { Stage } from '../load/stage.ts'

/** As many tokens as there are, as fast as they go. */
export interface Throughput {
  readonly streams: number
  readonly tokensPerStream: number
  readonly burst?: number
  /** Tokens of 4 KiB. */
  readonly fat?: boolean
}

const QUICK_PART = 4
/** Tokens of the warm-up, all streams together; the same however small the run is. */
const WARM_UP_TOKENS = 60_000
const FAT_WARM_UP_TOKENS = 2_000

/** Warm-up, then gate to last byte; the cost is the server's CPU time, user and system, of all its threads. */
export async function measureThroughput(stage: Stage, throughput: Throughput): Promise<Metrics> {
  const { streams, tokensPerStream, burst = 1, fat = false } = throughput
  const tokens = Math.ceil(tokensPerStream / (stage.quick ? QUICK_PART : 1))
  const main: Shape = { tokens, burst, fat, gated: true }
  await stage.warmUp({ ...main, tokens: Math.ceil((fat ? FAT_WARM_UP_TOKENS : WARM_UP_TOKENS) / streams) }, streams)
  await stage.open({ main }, streams)
  const { cpuUs, clientCpuUs, wallUs, bytes, reads } = await stage.flow()
  await stage.check(tokens, { fat })
  const total = tokens * streams
  return {
    cpuUsPerToken: cpuUs / total,
    tokensPerSecond: (total / wallUs) * 1e6,
    readsPerToken: reads / total,
    bytesPerToken: bytes / total,
    clientBusy: clientCpuUs / wallUs,
    serverBusy: cpuUs / wallUs,
  }
}
