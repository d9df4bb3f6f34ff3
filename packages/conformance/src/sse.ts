// The vectors are read from files, so this entry needs Node, Bun or Deno.
export { describeSseParser, type ParsedSse, type ParseSse } from './sse/sse-parser-suite.ts'
export { sseVectors, type SseVector } from './sse/sse-vectors.ts'
