import type { Principal, Sluice, Source } from '@sluice/core'

import type { HttpRequest } from '../request/http-request.ts'
import type { ErrorStyle } from '../reading/refusal.ts'
import type { RunnerBody } from '../request/start-body.ts'
import type { ResourceExtension } from './extension.ts'
import type { Provider } from './provider.ts'
import type { ProviderRoute } from './routes.ts'
import type { Wires } from '../reading/wire-registry.ts'

/**
 * Makes the source of a stream that a client asks for. `body` is what the client sent, without what was meant for sluice; its
 * `format` is that of the route: a chat completion, unless `providers` of the resource has others.
 * What it throws as a `SluiceError` is what the client is told.
 *
 * @example
 * ```ts
 * const runner: Runner = (body) => openAiChatSource({ baseUrl, body })
 * ```
 */
export type Runner<Raw = unknown> = (
  body: RunnerBody,
  context: {
    readonly request: HttpRequest<Raw>
    readonly principal: Principal
    readonly format: 'chat' | ProviderRoute
  },
) => Source | Promise<Source>

/** What the routes of a resource share. */
export interface ResourceParts<Raw> {
  readonly sluice: Sluice
  readonly runner: Runner<Raw> | undefined
  readonly wires: Wires
  readonly providers: ReadonlyMap<ProviderRoute, Provider>
  /** Takes starts that are to be answered later. */
  readonly later: ResourceExtension<Raw>['later']
  readonly maxJsonBytes: number
}

/** A request whose sender is known. */
export interface IdentifiedRequest<Raw> {
  readonly request: HttpRequest<Raw>
  readonly principal: Principal
  readonly style: ErrorStyle
  /** True when a ticket said who the sender is. */
  readonly byTicket: boolean
}
