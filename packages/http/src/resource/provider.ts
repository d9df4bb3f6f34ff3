import type { Principal, Sluice, StreamEvent } from '@sluice/core'
import type { Wire, WireFacts } from '@sluice/core/extend'

import type { HttpRequest } from '../request/http-request.ts'
import type { RunnerBody, StartBody } from '../request/start-body.ts'
import type { Plan } from '../response/plan.ts'
import type { ProviderRoute } from './routes.ts'

/** What is asked of an answer that was started on a provider's route. */
export interface ProviderAsked {
  readonly sluice: Sluice
  readonly request: HttpRequest
  readonly principal: Principal
  /** The stream's id. */
  readonly id: string
}

/**
 * Routes of another provider than OpenAI's chat completions: `responsesProvider`, `messagesProvider`. What a resource
 * does not serve is no part of a bundle.
 */
export interface Provider {
  readonly format: ProviderRoute
  /** What its streams are written on. */
  readonly wire: Wire
  /** What that wire needs to write the same bytes anywhere; `createdS` in seconds since 1970. */
  factsOf(body: RunnerBody, createdS: number): StartBody['facts']
  /** The whole of an answer as one body. */
  bodyOf(facts: WireFacts, streamId: string, events: Iterable<StreamEvent>): unknown
  /** An answer as it stands, where there is a route for that. */
  describe?(sluice: Sluice, id: string, as: Principal): Promise<unknown>
  /** `GET` of an answer. */
  read?(asked: ProviderAsked): Promise<Plan>
  /** `POST` of its `cancel`. */
  cancel?(asked: ProviderAsked): Promise<Plan>
  /** `DELETE` of it. */
  erase?(asked: ProviderAsked): Promise<Plan>
}
