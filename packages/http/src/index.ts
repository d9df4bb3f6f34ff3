export { createStreamResource, type StreamResource, type StreamResourceOptions } from './resource/resource.ts'
export type { Runner } from './resource/resource-parts.ts'
export type { Provider, ProviderAsked } from './resource/provider.ts'
export type { ProviderRoute } from './resource/routes.ts'
export type { Identify } from './request/identify.ts'
export { parseStartBody, type RunnerBody, type StartBody, type StartRoute } from './request/start-body.ts'
export type { TicketIssuer } from './resource/ticket-handlers.ts'
export {
  corsHeaders,
  type CorsOptions,
  preflightHeaders,
  resolveCors,
  type ResolvedCorsOptions,
  varyOf,
} from './response/cors.ts'
export { planTokens, type TokensOptions, type TokensPlan, type TokensRequest } from './reading/tokens.ts'
export type { BodyPlan, Plan } from './response/plan.ts'
export type { DeliveryPlan, SinkOwner } from '@sluice/sse'
export { planToResponse } from './response/fetch-plan.ts'
export { type FetchRequestOptions, toHttpRequest } from './request/fetch-request.ts'
export type { HttpRequest, MountOptions } from './request/http-request.ts'
export { requireMount } from './request/mount.ts'
export { DEFAULT_MAX_BODY_BYTES } from './request/json-body.ts'
export { DEFAULT_MAX_JSON_BYTES } from './reading/json-answer.ts'
export { type ErrorFormat, toErrorPlan, wireErrorOf } from './response/problem.ts'
export type { EndedDescription, StreamDescription } from './response/stream-info.ts'
