import { NAIVE_FIXED_YOUNG, SLUICE_BEATING } from '../../contestants/roster.ts'
import type { Metrics, Row } from '../../trials/row.ts'
import type { Stage } from '../../load/stage.ts'

const STREAMS = 2_000
const KIB = 1_024
/** Long enough for every connection to have sent a heartbeat or two. */
const IDLE_MS = 5_000

export const idleMemory: Row = {
  id: 'idle-memory',
  title: 'Memory of an open, idle stream',
  what: `${STREAMS} open streams that have given one token and wait for the next; resident memory after a full collection, less what it was before, per stream. Sluice has sent heartbeats on each; naive has none to send.`,
  expected:
    'A naive stream held 20 KiB, nearly all of it node’s socket and response. Ours adds log, cursor, pump and deadlines: 4 to 7 KiB.',
  contestants: [NAIVE_FIXED_YOUNG, SLUICE_BEATING],
  floors: [
    {
      what: 'resident memory per stream',
      metric: 'rssKib',
      contestant: SLUICE_BEATING,
      compare: 'difference',
      against: NAIVE_FIXED_YOUNG,
      unit: 'KiB',
      max: 8,
    },
    {
      what: 'heap per stream',
      metric: 'heapKib',
      contestant: SLUICE_BEATING,
      compare: 'difference',
      against: NAIVE_FIXED_YOUNG,
      unit: 'KiB',
    },
  ],
  measure: (stage) => measureIdle(stage, STREAMS),
}

/** Streams that have given a token and wait: what each of them holds. */
export async function measureIdle(stage: Stage, streams: number, idleMs = IDLE_MS): Promise<Metrics> {
  const main = { tokens: 1, staysOpen: true }
  // Few: room they leave behind would be taken for room that the measured ones do not need.
  await stage.warmUp({ tokens: 50, gated: true }, 20)
  await stage.server.ask('churn')
  const before = await stage.memory()
  await stage.open({ main }, streams)
  await new Promise((resolve) => setTimeout(resolve, idleMs))
  const after = await stage.memory()
  return {
    rssKib: (after.rss - before.rss) / streams / KIB,
    heapKib: (after.heap - before.heap) / streams / KIB,
  }
}
