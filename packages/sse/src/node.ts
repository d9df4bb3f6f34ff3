import type { Sink } from '@sluice/core/extend'

import { type DeliveryPlan, resolveQueueBytes } from './response/delivery-plan.ts'
import { withListsOf } from './node/list-headers.ts'
import { type NodeResponse, socketOf, wasCut } from './node/node-response.ts'
import { NodeSink } from './node/node-sink.ts'

export type { DeliveryPlan, SinkOwner } from './response/delivery-plan.ts'
export { withListsOf } from './node/list-headers.ts'
export type { NodeResponse } from './node/node-response.ts'

/**
 * Carries out a plan on a response of node's HTTP/1.1 or HTTP/2 server: sends the head, calls `deliver` once with the
 * sink, and resolves when the response is over, however it went; the plan's owner is told then. At most `queueBytes` are
 * queued in this process, node's own queues included.
 *
 * When the client has left already, `deliver` is called all the same, with a sink that takes everything and sends
 * nothing, so that a disconnect is seen as one. For a HEAD request it is not called, and the head is all that is sent.
 * Rejects only for what a caller did wrong: a head that cannot be sent, a `deliver` that throws.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION` when `queueBytes` is no positive integer
 *
 * @example
 * ```ts
 * createServer((request, response) => {
 *   void sendToResponse(response, { status: 200, headers: createSseHeaders({ streamId }), deliver })
 * })
 * ```
 */
export function sendToResponse(response: NodeResponse, plan: DeliveryPlan): Promise<void> {
  // Not async: its frame would be kept for as long as the stream is open.
  return new Promise((resolve, reject) => {
    try {
      carryOut(response, plan, resolve)
    } catch (error) {
      reject(error)
    }
  })
}

function carryOut(response: NodeResponse, plan: DeliveryPlan, over: () => void): void {
  const queueBytes = resolveQueueBytes(plan.queueBytes)
  if (wasCut(response)) {
    plan.deliver(GONE).lost()
    return over()
  }
  writeHead(response, plan)
  const sink = new NodeSink(response, queueBytes, over)
  if (response.req.method === 'HEAD') return sink.close()
  try {
    sink.owner = plan.deliver(sink)
  } catch (error) {
    sink.destroy()
    throw error
  }
  if (!sink.open) return sink.over ? sink.owner.lost() : undefined
  // After it, so that head and first bytes share a packet. HTTP/2 has sent its head by now.
  if (!('stream' in response)) response.flushHeaders()
}

/** Stands in for the sink of a client that has left already. */
const GONE: Sink = {
  write: () => true,
  drained: () => Promise.resolve(),
  close: () => undefined,
  destroy: () => undefined,
}

function writeHead(response: NodeResponse, { status, headers }: DeliveryPlan): void {
  const merged = withListsOf(response, headers)
  if ('stream' in response) {
    response.writeHead(status, merged)
  } else {
    // Tokens are small and must not wait for one another.
    socketOf(response)?.setNoDelay?.(true)
    response.writeHead(status, merged)
  }
}
