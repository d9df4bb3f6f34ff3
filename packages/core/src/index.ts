// What applications use.
export { createSluice, Sluice, type AckOptions } from './sluice/sluice.ts'
export type { InfoOptions } from './sluice/await-step.ts'
export { DEFAULT_DRAIN_MS } from './sluice/drain.ts'
export type { SluiceStats } from './sluice/stats.ts'
export type { SluiceOptions } from './sluice/options.ts'
export type { StartOptions } from './sluice/start.ts'
export type { AttachOptions } from './sluice/attach.ts'
export type { RefOptions, StreamRef } from './sluice/locate.ts'
export type { StreamInfo } from './store/info.ts'
export { TokenStream } from './sluice/token-stream.ts'
export type { Settle } from './producer/producer-context.ts'
export type { StreamResult } from './store/result.ts'
export {
  DEFAULT_STREAM_OPTIONS,
  type DeadlineOptions,
  type OnDisconnect,
  type ResolvedStreamOptions,
  type StreamOptions,
  type Durability,
} from './store/stream-options.ts'
export { DEFAULT_READER_OPTIONS, type ReaderOptions, type ResolvedReaderOptions } from './reader/options.ts'
export { DEFAULT_LIMIT_OPTIONS, type LimitOptions, type ResolvedLimitOptions } from './access/admission.ts'
export { type BodyOptions, DEFAULT_BODY_OPTIONS, type ResolvedBodyOptions } from './access/body-options.ts'
export type { AttachedInfo, ChunkInfo, Observer } from './observe/observer.ts'
export { recordTraces, type RecordTracesOptions, type TokenTrace, type TraceRecorder } from './source/record-traces.ts'
export type { EventTransform, Transform } from './source/transform.ts'
export {
  authorizeOwner,
  type Action,
  type Actor,
  type Authorize,
  type Principal,
  type StreamIdentity,
} from './access/principal.ts'
export { maskError, type ErrorFor } from './log/end.ts'
export { isSluiceError, SluiceError, type SluiceErrorOptions } from './events/errors.ts'
export { ERROR_CODES, type ClosedCode, type SluiceErrorCode } from './events/codes.ts'
export { createSystemRuntime, type Runtime } from './clock/runtime.ts'
export { isTextual } from './events/event-kind.ts'
export type {
  DataEvent,
  DataEvents,
  EndCause,
  EndEvent,
  EndReason,
  FinishEvent,
  FinishReason,
  ReasoningEvent,
  RefusalEvent,
  SourceEvent,
  StreamEvent,
  TextEvent,
  TextualEvent,
  ToolArgsEvent,
  ToolCallEvent,
  ToolErrorEvent,
  ToolEvent,
  ToolResultEvent,
  Usage,
  UsageEvent,
  WireError,
} from './events/event.ts'
export type { Source, SourceContext, SourceItem, SourceItems } from './source/source.ts'
export type { Json } from './events/json.ts'
export type {
  Chunker,
  ChunkingPolicy,
  Pace,
  PolicyFacts,
  PolicyReader,
  PolicyView,
  PurePolicy,
  StatefulPolicy,
} from './chunking/policy.ts'
export { chunkerOf } from './chunking/ask-policy.ts'
export type { ChunkingWishes } from './chunking/wishes.ts'
export type { ClientReport } from './reader/client-report.ts'
export { immediate } from './chunking/immediate.ts'
export { DEFAULT_FIXED_OPTIONS, fixed, type FixedOptions } from './chunking/fixed.ts'
export { adaptive, DEFAULT_ADAPTIVE_OPTIONS, type AdaptiveOptions } from './chunking/adaptive.ts'
export { boundary, DEFAULT_BOUNDARY_OPTIONS, type BoundaryOptions } from './chunking/boundary.ts'
export { paced, type PacedOptions } from './chunking/paced.ts'
export type { ReadingOutcome } from './events/notice.ts'
export { createMemoryStore } from './store/memory-store.ts'
export { DEFAULT_MEMORY_STORE_OPTIONS, type MemoryStoreOptions } from './store/memory-store-options.ts'
export type { Store, StoreHealth } from './store/store.ts'
export type { NamedSource } from './store/stream-facts.ts'
export type { StreamTiming } from './observe/stream-timing.ts'
export {
  type ClientOptions,
  type ClientReading,
  parseClientOptions,
  type ParsedClientOptions,
} from './sluice/client-options.ts'
