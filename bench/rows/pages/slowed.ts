import { missingChromium } from '../../pages/chromium.ts'
import { slowPage } from '../../pages/slowed-page.ts'
import type { AloneRow } from '../../trials/row.ts'

const PRESSES = { name: 'framePressure' }
const NOTHING = { name: 'without it' }
const TOKENS_PER_SECOND = 2_000
const SLOWDOWN = 6
const PHASE_MS = 6_000

export const slowedPage: AloneRow = {
  id: 'paint-slowed',
  title: `A page that grows ${SLOWDOWN} times slower, at ${TOKENS_PER_SECOND} tokens a second`,
  what: `A page renders the last 3,000 characters of its answer with each piece, as one that shows Markdown does. After ${PHASE_MS / 1_000} s its main thread is made ${SLOWDOWN} times slower, for as long. Counted is what the server gives its reader; the text is compared.`,
  expected:
    'A first tick of 250 ms finds slow frames, and allows 60 %; recovery takes five ticks. Without it the page falls behind, its buffer fills, and then the network holds the server back.',
  contestants: [PRESSES, NOTHING],
  missing: missingChromium,
  floors: [
    {
      what: 'pace within 1 s of growing slow, beside that before, %',
      metric: 'leastPercent',
      contestant: PRESSES,
      compare: 'value',
      unit: '',
      max: 70,
    },
    {
      what: 'the same without `framePressure`, %',
      metric: 'leastPercent',
      contestant: NOTHING,
      compare: 'value',
      unit: '',
    },
    {
      what: 'as fast as before, after it is free again',
      metric: 'recoveredS',
      contestant: PRESSES,
      compare: 'value',
      unit: 's',
      max: 2,
    },
  ],
  async measureAlone({ name }, { quick }) {
    const { before, least, recoveredS } = await slowPage({
      tokensPerSecond: TOKENS_PER_SECOND,
      slowdown: SLOWDOWN,
      phaseMs: PHASE_MS / (quick ? 2 : 1),
      presses: name === PRESSES.name,
    })
    return { beforePerSecond: before, leastPercent: (100 * least) / before, recoveredS }
  },
}
