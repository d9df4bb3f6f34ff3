import { BodySink } from './body-sink.ts'
import { type DeliveryPlan, resolveQueueBytes } from './delivery-plan.ts'

/**
 * Carries out a plan as a fetch `Response`. At most `queueBytes` are produced ahead of the reader. A body that is cut
 * fails with `SLUICE_ERR_INTERRUPTED`; it never just ends.
 *
 * Cancellation: cancelling the body tells the plan's owner that the transport is over.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION` when `queueBytes` is no positive integer
 *
 * @example
 * ```ts
 * return toResponse({ status: 200, headers: createSseHeaders({ streamId }), deliver })
 * ```
 */
export function toResponse({ status, headers, deliver, queueBytes }: DeliveryPlan): Response {
  const over = Promise.withResolvers<void>()
  const sink = new BodySink(resolveQueueBytes(queueBytes), over.resolve)
  // Before anything runs: it throws for a status or header that no response can have.
  const response = new Response(sink.stream, { status, headers })
  const owner = deliver(sink)
  void over.promise.then(() => owner.lost())
  return response
}
