export { sluiceRouter, type SluiceRouterOptions } from './router.ts'
export { tokens, type TokensOptions } from './tokens.ts'
