import { type NodeResponse, sendToResponse, withListsOf } from '@sluice/sse/node'

import type { BodyPlan, Plan } from './plan.ts'

/**
 * Carries out a plan on a response of node's server. Resolves when the response is over, however it went; rejects only
 * for what a caller did wrong, such as answering twice.
 *
 * @example
 * ```ts
 * await sendPlan(response, await resource.handle(toHttpRequest(request, response)))
 * ```
 */
export async function sendPlan(response: NodeResponse, plan: Plan): Promise<void> {
  if ('deliver' in plan) return sendToResponse(response, plan)
  return sendBody(response, plan)
}

function sendBody(response: NodeResponse, { status, headers, body }: BodyPlan): Promise<void> {
  if (isGone(response)) return Promise.resolve()
  const merged: Record<string, string | number> = withListsOf(response, headers)
  if (body !== undefined) merged['content-length'] = Buffer.byteLength(body)
  // One call for both would fit neither of their types.
  if ('stream' in response) response.writeHead(status, merged)
  else response.writeHead(status, merged)
  return new Promise((resolve) => {
    const over = (): void => {
      response.off('finish', over).off('close', over)
      resolve()
    }
    response.on('finish', over).on('close', over)
    response.end(body ?? '')
  })
}

/** A response whose socket died before it was given to it does not say so itself. */
function isGone(response: NodeResponse): boolean {
  return response.destroyed || response.req.socket?.destroyed === true
}
