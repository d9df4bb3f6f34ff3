import type { SimulationAnswer, SimulationRequest } from './policies/simulation.ts'
import { simulate } from './policies/simulate.ts'

const tell = (answer: SimulationAnswer): void => postMessage(answer)

addEventListener('message', ({ data }: MessageEvent<SimulationRequest>) => {
  const startedMs = performance.now()
  simulate(data, (cell) => tell({ is: 'cell', cell })).then(
    (streams) => tell({ is: 'done', streams, tookMs: performance.now() - startedMs }),
    (error: unknown) => tell({ is: 'failed', message: error instanceof Error ? error.message : String(error) }),
  )
})
