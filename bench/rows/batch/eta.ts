import { DRIFTS } from '../../batches/drift.ts'
import { judgeBatch, simulateBatch } from '../../batches/simulated-batch.ts'
import type { AloneRow, Metrics } from '../../trials/row.ts'

const FEW = { name: '20 batches', count: 20, seed: 1 }
/** What holds of 20 may hold by chance. */
const MANY = { name: '240 others', count: 240, seed: 1_000_000 }
const QUICK_COUNT = 40

export const batchEta: AloneRow = {
  id: 'batch-eta',
  title: 'When a batch will be done',
  what: `Simulated batches of 1,000 to 20,000 lines, in time that is counted only, each on a backend whose speed stays, wanders, goes in steps or waves, falls or rises, or pauses; half of them share it with batches of others, of which more come. All along it is asked when the batch will be done. Held against the true end: how much of the time that lies between the earliest and the latest; and from half-way on how far these two are apart, in parts of what remains, the mean of one beside the mean of the other.`,
  expected:
    'Some four fifths to nine tenths of the time, and four to five tenths: a backend that drifts by a third does so within what remains.',
  contestants: [FEW, MANY],
  floors: [FEW, MANY].flatMap((contestant) => [
    {
      what: `${contestant.name}: true end within`,
      metric: 'inside',
      contestant,
      compare: 'value' as const,
      unit: '',
      min: 0.8,
    },
    {
      what: `${contestant.name}: width, of what remains`,
      metric: 'width',
      contestant,
      compare: 'value' as const,
      unit: '',
      max: 0.5,
    },
    {
      what: `${contestant.name}: likely end off, of what remains`,
      metric: 'off',
      contestant,
      compare: 'value' as const,
      unit: '',
    },
  ]),
  async measureAlone({ name }, { quick }) {
    const { count, seed } = name === FEW.name ? FEW : { ...MANY, ...(quick && { count: QUICK_COUNT }) }
    return honesty(count, seed)
  },
}

function honesty(count: number, seed: number): Metrics {
  const judged = Array.from({ length: count }, (_, index) =>
    judgeBatch(
      simulateBatch({ seed: seed + index, drift: DRIFTS[(index >> 1) % DRIFTS.length]!, shared: index % 2 === 1 }),
    ),
  )
  const mean = (metric: 'inside' | 'width' | 'off'): number =>
    judged.reduce((sum, one) => sum + one[metric], 0) / judged.length
  return { inside: mean('inside'), width: mean('width'), off: mean('off') }
}
