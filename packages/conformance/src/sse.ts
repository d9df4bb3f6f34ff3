// The vectors are read from files, so this entry needs Node, Bun or Deno.
export { describeSseParser, type ParsedSse, type ParseSse } from './sse/sse-parser-suite.ts'
export { sseVectors, type SseVector } from './sse/sse-vectors.ts'
export { describeSseDecoders } from './decoders/decoder-suite.ts'
export { sseDecoders } from './decoders/sse-decoders.ts'
export type { DecodedWire, Heard } from './decoders/cases/decoded-wire.ts'
export type { DecodedMessage, SseDecoder, SseDecoding } from './decoders/rig/decoder.ts'
