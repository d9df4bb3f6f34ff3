import { type Contestant, NAIVE, SLUICE, SLUICE_400, SLUICE_IMMEDIATE } from '../../contestants/roster.ts'
import type { Floor, Metrics, Row } from '../../trials/row.ts'
import type { Shape } from '../../traffic/source.ts'
import type { Stage } from '../../load/stage.ts'

const TOKENS_PER_SECOND = 40
const SECONDS = 10
const QUICK_SECONDS = 3
const WARM_UP_SECONDS = 2
/** Beyond its policy's own bound a token may be this late. */
const DELAY_SLACK_MS = 5

function pacedRow(streams: number): Row {
  return {
    id: `paced-${streams}`,
    title: `${streams} streams at ${TOKENS_PER_SECOND} tokens a second`,
    what: `${streams} streams, each at the pace of a chat model for ${SECONDS} s, out of step with one another; CPU per token, and the time from a token's yield to the read that completes its event.`,
    expected:
      'Source and timers alone are 0.4 of naive. At 25 ms between tokens a 50 ms window merges two: 0.8 to 0.9; three, since chunks wait for nearly all of it and the third token comes as they are due. With 400 ms, 16: 0.5 to 0.6. `immediate` merges nothing: 1.0 to 1.1.',
    contestants: [NAIVE, SLUICE_IMMEDIATE, SLUICE, SLUICE_400],
    floors: [
      cpuFloor(SLUICE_IMMEDIATE, 1.1),
      cpuFloor(SLUICE, 0.9),
      cpuFloor(SLUICE_400, 0.6),
      delayFloor(NAIVE),
      delayFloor(SLUICE_IMMEDIATE, DELAY_SLACK_MS),
      delayFloor(SLUICE, 50 + DELAY_SLACK_MS),
      delayFloor(SLUICE_400, 400 + DELAY_SLACK_MS),
    ],
    measure: (stage) => measurePaced(stage, streams),
  }
}

function cpuFloor(contestant: Contestant, max: number): Floor {
  const what = `server CPU per token, ${contestant.name}`
  return { what, metric: 'cpuUsPerToken', contestant, compare: 'ratio', against: NAIVE, unit: 'µs', max }
}

function delayFloor(contestant: Contestant, max?: number): Floor {
  const what = `p99 token delay, ${contestant.name}`
  return { what, metric: 'delayP99Ms', contestant, compare: 'value', unit: 'ms', ...(max !== undefined && { max }) }
}

/** Each stream at its pace; how much that costs, and how late its tokens are. */
export async function measurePaced(stage: Stage, streams: number, seconds = SECONDS): Promise<Metrics> {
  const main = (forSeconds: number): Shape => ({
    tokens: forSeconds * TOKENS_PER_SECOND,
    tokensPerSecond: TOKENS_PER_SECOND,
    gated: true,
  })
  const shape = main(stage.quick ? QUICK_SECONDS : seconds)
  await stage.warmUp(main(WARM_UP_SECONDS), streams)
  await stage.open({ main: shape }, streams)
  const { cpuUs, clientCpuUs, wallUs, reads, bytes } = await stage.flow()
  const { delay } = await stage.check(shape.tokens, { timed: true })
  const total = shape.tokens * streams
  return {
    cpuUsPerToken: cpuUs / total,
    delayP50Ms: delay.p50 / 1_000,
    delayP99Ms: delay.p99 / 1_000,
    delayMaxMs: delay.max / 1_000,
    readsPerToken: reads / total,
    bytesPerToken: bytes / total,
    serverBusy: cpuUs / wallUs,
    clientBusy: clientCpuUs / wallUs,
  }
}

export const paced200: Row = pacedRow(200)
export const paced500: Row = pacedRow(500)
