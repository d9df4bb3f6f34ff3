import type { JsonObject } from '@bufbuild/protobuf'
import type { NamedSource, Principal, ReaderOptions, Sluice, Source } from '@sluice/core'
import type { Identified, JsonLimits } from '@sluice/core/extend'

/** Says who made a call, by its metadata: a principal; `undefined` or `null` for a stranger. Bounded: 5 seconds. */
export type IdentifyCall = (headers: Headers) => Identified

/**
 * Makes the source of a stream that a client asks for. `input` is what the client sent. What it throws as a
 * `SluiceError` is what the client is told.
 *
 * @example
 * ```ts
 * const run: GrpcRunner = (input) => openAiChatSource({ baseUrl, body: input })
 * ```
 */
export type GrpcRunner = (
  input: JsonObject,
  context: { readonly headers: Headers; readonly principal: Principal },
) => Source | NamedSource | Promise<Source | NamedSource>

/** What the methods of the service share. */
export interface ServiceParts {
  readonly sluice: Sluice
  readonly identify: IdentifyCall
  readonly run: GrpcRunner | undefined
  readonly reader: ReaderOptions
  readonly queueBytes: number
  readonly maxRequestBytes: number
  readonly maxSessionReadings: number
  /** What a message may consist of: it is decoded in one step. */
  readonly messageLimits: JsonLimits
  /** Ends what is open, with a `ConnectError` as its reason. */
  readonly shutdownSignal: AbortSignal | undefined
  /** Is told of what clients are not told. */
  readonly report: (error: unknown) => void
}
