// How long a cancel at one gateway takes to free the engine's slot behind the other: npm run measure.
import { cancelFromAfar, startTwoGateways } from './rig/two-gateways.ts'

const ROUNDS = 200

await using gateways = await startTwoGateways(1)
const times: number[] = []
for (let round = 0; round < ROUNDS; round++) times.push((await cancelFromAfar(gateways)).freedMs)
times.sort((one, other) => one - other)
const percentile = (share: number): string => times[Math.ceil(share * times.length) - 1]!.toFixed(1)
console.log(`freed after: p50 ${percentile(0.5)} ms, p99 ${percentile(0.99)} ms, of ${ROUNDS} cancels`)
