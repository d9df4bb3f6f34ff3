export { sluicePlugin, type SluicePluginOptions } from './plugin.ts'
export type { ReplyTokensOptions } from './reply-tokens.ts'
