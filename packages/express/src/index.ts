export { sluiceRouter, type SluiceRouterOptions } from './router.ts'
export type { ResponseTokensOptions } from './response-tokens.ts'
