import { NAIVE } from '../contestants/roster.ts'
import { Stage } from '../load/stage.ts'
import type { Shape } from '../traffic/source.ts'
import { spreadOf } from './verdict.ts'

/** How far a server that writes each token goes. */
export interface Saturation {
  /** All streams together. */
  readonly tokensPerSecond: number
  readonly streams: number
}

const STREAMS = 500
const LOOKS = 3
const TOKENS = 400
const QUICK_TOKENS = 150

const measured = new Map<boolean, Promise<Saturation>>()

/**
 * Where naive is saturated: what it delivers as fast as it goes, with a token in each turn of the event loop for each stream. On a quiet
 * machine its thread has a core of its own then; on a busy one it has what others leave. Measured once in a run, before the rows that
 * are held against it: all contestants are given the same load.
 */
export function saturation(quick: boolean): Promise<Saturation> {
  const known = measured.get(quick) ?? measure(quick)
  measured.set(quick, known)
  return known
}

async function measure(quick: boolean): Promise<Saturation> {
  const looks: number[] = []
  for (let look = 0; look < (quick ? 1 : LOOKS); look++) looks.push(await delivered(quick ? QUICK_TOKENS : TOKENS))
  return { tokensPerSecond: spreadOf(looks).median, streams: STREAMS }
}

/** Tokens a second, all streams together. */
async function delivered(tokens: number): Promise<number> {
  const stage = new Stage(NAIVE, { quick: false })
  try {
    await stage.ready()
    const main: Shape = { tokens, gated: true }
    await stage.warmUp({ ...main, tokens: 40 }, STREAMS)
    await stage.open({ main }, STREAMS)
    const { wallUs } = await stage.flow()
    await stage.check(tokens)
    return (tokens * STREAMS * 1e6) / wallUs
  } finally {
    await stage.over()
  }
}
