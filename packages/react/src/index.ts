export { useTokenStream, type TokenStreamState } from './use-token-stream.ts'
export type { TokenSnapshot, TokenStreamOptions } from './token-store.ts'
