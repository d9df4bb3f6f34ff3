export { createSluice, Sluice, type AckOptions, type InfoOptions } from './sluice/sluice.ts'
export { DEFAULT_DRAIN_MS } from './sluice/drain.ts'
export type { SluiceStats } from './sluice/stats.ts'
export type { SluiceOptions } from './sluice/options.ts'
export type { StartOptions } from './sluice/start.ts'
export type { AttachOptions } from './sluice/attach.ts'
export type { RefOptions, StreamRef } from './sluice/locate.ts'
export type { StreamInfo } from './store/info.ts'
export { TokenStream } from './sluice/token-stream.ts'
export type { DeliverOptions } from './sluice/prepare-delivery.ts'
export type { Settle } from './producer/producer-context.ts'
export type { StreamResult } from './store/result.ts'

export { DEFAULT_STREAM_OPTIONS } from './store/stream-options.ts'
export type { DeadlineOptions, OnDisconnect, ResolvedStreamOptions, StreamOptions } from './store/stream-options.ts'
export {
  DEFAULT_READER_OPTIONS,
  type ReaderOptions,
  resolveReaderOptions,
  type ResolvedReaderOptions,
} from './reader/options.ts'
export { DEFAULT_LIMIT_OPTIONS, type LimitOptions, type ResolvedLimitOptions } from './access/admission.ts'
export type { Observer } from './observe/observer.ts'
export type { EventTransform, Transform } from './source/transform.ts'
export {
  authorizeOwner,
  expiryOf,
  hasExpired,
  type Action,
  type Actor,
  type Authorize,
  type Principal,
  type StreamIdentity,
} from './access/principal.ts'
export { maskError, errorOfEnd, type ErrorFor } from './log/end.ts'
export { isSluiceError, SluiceError, type SluiceErrorOptions } from './events/errors.ts'
export {
  CLOSED_CODES,
  ERROR_CODES,
  isErrorCode,
  type ClosedCode,
  type ClosedMeaning,
  type ErrorMeaning,
  type GrpcStatusName,
  type SluiceErrorCode,
} from './events/codes.ts'
export { createSystemRuntime, type Runtime } from './clock/runtime.ts'

export {
  isOfChoice,
  isPlainText,
  isTextual,
  type AnswerEvent,
  type ChoiceEvent,
  type PlainTextEvent,
} from './events/event-kind.ts'
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
export { formatCursor, isStreamId, parseCursor, type Cursor } from './events/cursor.ts'

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

// For those who write a transport, a wire or a store.
export { Connection } from './wire/connection.ts'
export type { ConnectionReading, ConnectionOptions } from './wire/connection-reading.ts'
export type { Sink, WireBytes } from './wire/sink.ts'
export type { Encoder, EncoderOptions, EncoderStart, Wire } from './wire/encoder.ts'
export type { Entry } from './log/entry.ts'
export type { WireFacts } from './store/stream-facts.ts'
export type { Closed, Opened } from './events/notice.ts'
export type { ChunkInfo } from './observe/observer.ts'
export type { ReadingOutcome } from './events/notice.ts'
export {
  copyResumeState,
  createResumeState,
  foldResumeState,
  type ChoiceState,
  type ResumeState,
} from './events/resume-state.ts'
export { createMemoryStore } from './store/memory-store.ts'
export { DEFAULT_MEMORY_STORE_OPTIONS, type MemoryStoreOptions } from './store/memory-store-options.ts'
export type {
  Begun,
  CloseOptions,
  Closing,
  Found,
  Keeping,
  LookUp,
  MaybePromise,
  Store,
  StoredStream,
  StoreHealth,
  StoreHost,
  StoreRef,
  StreamName,
} from './store/store.ts'
export type { Durability } from './store/stream-options.ts'
export type { NamedSource, StreamFacts, Tombstone } from './store/stream-facts.ts'
export type { StreamTiming } from './observe/stream-timing.ts'
export { EVENT_COST_BYTES, eventBytes } from './events/event-size.ts'
export { joinBytes } from './events/bytes.ts'
export { nativeMembers } from './wire/native-json.ts'
export { Log } from './log/log.ts'
export type { LogAccount, LogOptions, LogStart } from './log/log-options.ts'
export type { LogReader, LogSleeper, LogWatcher } from './log/log-listeners.ts'
export type { LogPersister } from './log/store-progress.ts'
export { extendReaders } from './reader/reader.ts'
export {
  CLIENT_OPTION_NAMES,
  CLIENT_READING_NAMES,
  type ClientOptions,
  type ClientOptionsPlace,
  type ClientReading,
  deliverOptionsOf,
  parseClientOptions,
  parseClientReading,
  type ParsedClientOptions,
} from './sluice/client-options.ts'
export { canonicalJson, fingerprintOf } from './events/canonical-json.ts'
export { requireSafeJson } from './events/json-guard.ts'
export {
  invalidOption,
  requireDuration,
  requireInteger,
  requireKnownNames,
  requireNumber,
  withDefault,
} from './events/option-rules.ts'
export { Scheduler, type Steppable } from './clock/scheduler.ts'
export { type Identified, identifiedPrincipal, requirePrincipal } from './access/identify.ts'
export { TokenBucket } from './clock/token-bucket.ts'
export { Deadline, type Due } from './clock/deadlines.ts'
export { cutEnd } from './log/end.ts'
export type { Logged } from './log/segment.ts'
export { placeCursor, type CursorPlace } from './log/cursor-place.ts'
export {
  beginRecord,
  stepRecord,
  type RecordCommand,
  type RecordOutcome,
  type RecordState,
  type RecordStep,
} from './store/record-machine.ts'
export {
  beginLifecycle,
  nextDueMs,
  stepLifecycle,
  type LifecycleCommand,
  type LifecycleRules,
  type LifecycleState,
  type LifecycleStep,
  type LifecycleVerdict,
} from './producer/lifecycle-machine.ts'
export type { SourceProgress } from './source/source-progress.ts'
