export { createStreamResource, type StreamResource } from './resource/resource.ts'
export type { StreamResourceOptions } from './resource/resource-options.ts'
export type { Runner } from './resource/resource-parts.ts'
export type { ExtensionAsked, LaterAsked, ResourceExtension } from './resource/extension.ts'
export { BODY_HEADERS, emptyPlan, jsonPlan } from './response/plan.ts'
export { MAX_WAIT_SECONDS, readAsyncWaitMs, readWaitMs } from './request/wait.ts'
export { readIdempotencyKey } from './request/idempotency.ts'
export { chooseRepresentation, type Representation } from './request/accept.ts'
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
