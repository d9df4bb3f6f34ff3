import { nowUs } from '../process/clock.ts'
import { percentiles, type Percentiles } from '../traffic/percentiles.ts'
import type { Round } from '../traffic/source.ts'
import { StoreReading } from './store-reading.ts'
import type { Instance } from './instance.ts'

/** Single streams beside a load that is already there. */
export interface ProbeInput {
  count: number
  everyMs: number
  shape: string
  tokens: number
  firstStream: number
}

/** Starts one stream after the other; gives start → first token read in the same process, microseconds. */
export async function probe(
  instance: Instance,
  round: Round,
  { count, everyMs, shape, tokens, firstStream }: ProbeInput,
): Promise<Percentiles & { wrong: number }> {
  const probes: StoreReading[] = []
  const done: Promise<void>[] = []
  for (let index = 0; index < count; index++) {
    const stream = firstStream + index
    const one = new StoreReading({ stream }, nowUs())
    const { reading } = await instance.start(round.sourceAt(`/${shape}/${stream}`))
    probes.push(one)
    done.push(one.listen(reading))
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
  await Promise.all(done)
  const wrong = probes.filter((one) => one.faultOf(tokens) !== undefined).length
  return { ...percentiles(probes.map(({ firstUs, askedUs }) => firstUs - askedUs)), wrong }
}
