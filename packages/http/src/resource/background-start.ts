import type { Source, StartOptions } from '@sluice/core'
import { Deadline } from '@sluice/core/extend'

import { BODY_HEADERS, jsonPlan, type Plan } from '../response/plan.ts'
import type { IdentifiedRequest, ResourceParts } from './resource-parts.ts'
import { type Held, startHeld } from '../reading/start.ts'
import { locationOf } from '../reading/streaming-plan.ts'

/** When a client that was told to come back may do so. */
const RETRY_AFTER_SECONDS = '1'

const LATER_HEADERS: Readonly<Record<string, string>> = {
  'retry-after': RETRY_AFTER_SECONDS,
  'preference-applied': 'respond-async',
  vary: `Prefer, ${BODY_HEADERS.vary}`,
}

/** What is started, and how its answer is collected where that is in time. */
export interface BackgroundAsked {
  source: Source
  options: StartOptions
  /** How long the answer is waited for; left out where the client did not ask to be answered later. */
  waitMs: number | undefined
  collect: (held: Held) => Promise<Plan>
  /** What is said of a stream that was started, where that is not its id, cursor and status. */
  describe?: ((id: string) => Promise<unknown>) | undefined
}

/**
 * Starts a stream whose answer is not waited for longer than the client says: 200 and all of it when it has finished by then,
 * else 202 and where it can be read. Whoever was told to come back counts as reading for `betweenPollsMs`.
 */
export async function planBackground<Raw>(
  { sluice }: ResourceParts<Raw>,
  { request, principal: as }: IdentifiedRequest<Raw>,
  { source, options, waitMs, collect, describe }: BackgroundAsked,
): Promise<Plan> {
  const headers = waitMs === undefined ? {} : LATER_HEADERS
  const accepted = async (id: string): Promise<Plan> => {
    const location = locationOf(request.mount, id)
    if (describe) {
      const asked = waitMs === undefined ? 200 : 202
      return jsonPlan(asked, await describe(id), { 'sluice-stream-id': id, ...headers })
    }
    const { cursor, status } = await sluice.info({ id }, { as })
    return jsonPlan(202, { id, cursor, status }, { location, 'sluice-stream-id': id, ...headers })
  }
  if (!waitMs) return accepted((await sluice.start(source, options)).id)
  const held = await startHeld(sluice, source, options, request.signal)
  const { scheduler } = sluice
  const deadline = new Deadline({ due: () => held.hold.stepOut() })
  scheduler.schedule(deadline, scheduler.now() + waitMs)
  const plan = await collect(held).finally(() => scheduler.cancel(deadline))
  return held.hold.isExpected ? accepted(held.stream.id) : plan
}
