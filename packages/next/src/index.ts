export { type RouteHandler, sluiceHandlers, type SluiceHandlers } from './handlers.ts'
export type { SluiceHandlersOptions } from './handlers-options.ts'
export type { RouteTokensOptions } from './route-tokens.ts'
