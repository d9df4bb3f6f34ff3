import type { Sink } from '@sluice/core/extend'
import { createSseHeaders, type DeliveryPlan } from '@sluice/sse'
import { type NodeResponse, sendToResponse } from '@sluice/sse/node'
import { isSettled } from '@sluice/testing/patience'

export { quiet } from '@sluice/testing/patience'

/** A plan being carried out, and what came of it. */
export interface Probe {
  response: NodeResponse
  sink: Sink
  /** Settles with what `sendToResponse` returned. */
  over: Promise<void>
  lost(): number
}

/** Carries out a plan that only hands out its sink. */
export function probe(response: NodeResponse, plan: Partial<DeliveryPlan> = {}): Probe {
  const sinks: Sink[] = []
  let lost = 0
  const over = sendToResponse(response, {
    status: 200,
    headers: createSseHeaders({ streamId: 'x' }),
    deliver(given) {
      sinks.push(given)
      return { lost: () => void lost++ }
    },
    ...plan,
  })
  return {
    response,
    get sink() {
      if (sinks.length !== 1) throw new Error(`deliver was called ${sinks.length} times`)
      return sinks[0]!
    },
    over,
    lost: () => lost,
  }
}

/** Writes until the sink asks to wait and still does after a while: the client's and the kernel's buffers are full. */
export async function fill({ sink, response }: Probe, piece: string): Promise<number> {
  for (let writes = 1; ; writes++) {
    if (sink.write(piece)) continue
    if (await isSettled(sink.drained())) continue
    if (response.writableLength === 0) throw new Error('all was sent, and drained() did not say so')
    return writes
  }
}

/** Every listener on a response and on what carries it. */
export function listenersOf(response: NodeResponse): Set<unknown> {
  const transport = 'stream' in response ? response.stream : response.req.socket
  const names = ['close', 'finish', 'drain', 'error', 'aborted', 'end']
  return new Set([response, transport].flatMap((emitter) => names.flatMap((name) => emitter.listeners(name))))
}
