import { AI_SDK, type Contestant, SLUICE_UI, SLUICE_UI_IMMEDIATE } from '../../contestants/roster.ts'
import type { Floor, ServerRow } from '../../trials/row.ts'
import { measureThroughput } from '../../trials/throughput.ts'
import { measurePaced } from '../http/paced.ts'

const CONTESTANTS = [AI_SDK, SLUICE_UI, SLUICE_UI_IMMEDIATE]
/** With nothing merged: what the AI SDK spends on its chain of web streams. */
const MAX_IMMEDIATE = 0.5
const EXPECTED =
  'The AI SDK turns each delta into a chunk, JSON, an event and bytes through four web streams, some promises each; sluice merges what one turn or one window holds, and writes it once: a fifth to a tenth as fast as it goes, 0.3 to 0.4 at the pace of a model, half with nothing merged.'

const unpaced = [
  { streams: 1, tokensPerStream: 200_000, max: 0.22 },
  { streams: 100, tokensPerStream: 2_000, max: 0.11 },
].map(({ max, ...size }): ServerRow => ({
  id: `ui-s${size.streams}`,
  title: `${size.streams} UI message ${size.streams === 1 ? 'stream' : 'streams'}, as fast as it goes`,
  what: `As s${size.streams}, as UI message streams: the AI SDK’s createUIMessageStreamResponse, and sluice with its default policy and with none.`,
  expected: EXPECTED,
  contestants: CONTESTANTS,
  floors: floors(max),
  measure: (stage) => measureThroughput(stage, size),
}))

const paced = [
  { streams: 200, max: 0.4 },
  { streams: 500, max: 0.28 },
].map(({ streams, max }): ServerRow => ({
  id: `ui-paced-${streams}`,
  title: `${streams} UI message streams at 40 tokens a second`,
  what: `As paced-${streams}, as UI message streams.`,
  expected: EXPECTED,
  contestants: CONTESTANTS,
  floors: [...floors(max), ...CONTESTANTS.map(delay)],
  measure: (stage) => measurePaced(stage, streams),
}))

/** The AI SDK's wire beside the AI SDK. */
export const uiMessageRows: readonly ServerRow[] = [...unpaced, ...paced]

function floors(max: number): Floor[] {
  return [cost(SLUICE_UI, max), cost(SLUICE_UI_IMMEDIATE, MAX_IMMEDIATE)]
}

function cost(contestant: Contestant, max: number): Floor {
  const what = `server CPU per token, ${contestant.name} beside ${AI_SDK.name}`
  return { what, metric: 'cpuUsPerToken', contestant, compare: 'ratio', against: AI_SDK, unit: 'µs', max }
}

function delay(contestant: Contestant): Floor {
  const what = `p99 token delay, ${contestant.name}`
  return { what, metric: 'delayP99Ms', contestant, compare: 'value', unit: 'ms' }
}
