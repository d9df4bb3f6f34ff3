import type { Principal, Sluice, StartOptions, TokenStream } from '@sluice/core'
import type { WireFacts } from '@sluice/core/extend'

import type { HttpRequest } from '../request/http-request.ts'
import type { RunnerBody } from '../request/start-body.ts'
import type { Plan } from '../response/plan.ts'
import type { ErrorFormat } from '../response/problem.ts'
import type { ProviderRoute } from './routes.ts'

/** A request for a route of an extension, whose sender is known. */
export interface ExtensionAsked<Raw = unknown> {
  readonly sluice: Sluice
  readonly request: HttpRequest<Raw>
  readonly principal: Principal
  /** The body, parsed from JSON, within the bounds of the resource. */
  body(): Promise<unknown>
  /** Answers as `GET /streams/{id}` would: the stream on the wire that is asked for, its lines, or what is known of it. */
  readStream(id: string): Promise<Plan>
}

/** A start whose client wants to be answered later: `Prefer: respond-async, wait=N`. */
export interface LaterAsked<Raw = unknown> {
  readonly sluice: Sluice
  readonly request: HttpRequest<Raw>
  readonly principal: Principal
  readonly format: 'chat' | ProviderRoute
  /** The wire of the route, and what it must remember. */
  readonly wire: { readonly name: string; readonly facts: WireFacts }
  /** The body without what was meant for sluice. */
  readonly body: RunnerBody
  readonly meta: StartOptions['meta']
  /** The client's `Idempotency-Key`, for this route alone, and what its body is compared by. */
  readonly idempotency: StartOptions['idempotency']
  /** How long the client waits for all of the answer, in milliseconds. */
  readonly waitMs: number
}

/**
 * More routes below the mount of a resource, under its rules for methods, origins, senders and errors: those of `@sluice/jobs/http`.
 */
export interface ResourceExtension<Raw = unknown> {
  /** Where its paths begin, for frameworks that route by themselves: `/jobs` for that and all that is below it. */
  readonly paths: readonly string[]
  /** The methods of `path`, below the mount; `undefined` where it is no path of the extension's. */
  methodsOf(path: string): readonly string[] | undefined
  /** In whose words errors are told there. Default: `problem`. */
  formatOf?(path: string): ErrorFormat
  /**
   * Whether a `GET` of `path` is answered with a stream, so that an `EventSource` may ask: it is told to come back where an error would
   * stop it for ever. Default: no path is.
   */
  streamsAt?(path: string): boolean
  /** Answers a request for one of its paths. What it throws is told in the words of that path. */
  handle(asked: ExtensionAsked<Raw>): Promise<Plan>
  /**
   * Takes a start that is to be answered later. Gives its stream where that has ended in time: the resource answers with all of it. Left
   * out, such a start is a stream that runs on.
   */
  readonly later?:
    | ((asked: LaterAsked<Raw>) => Promise<{ readonly stream: TokenStream } | { readonly plan: Plan }>)
    | undefined
}
