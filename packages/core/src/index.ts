export { createSluice, Sluice, type AckOptions } from './sluice.ts'
export { DEFAULT_DRAIN_MS } from './drain.ts'
export type { SluiceStats } from './sluice-stats.ts'
export type { SluiceOptions } from './sluice-options.ts'
export type { StartOptions } from './start.ts'
export type { AttachOptions, RefOptions, StreamRef } from './attach.ts'
export type { StreamInfo } from './stream-info.ts'
export { TokenStream } from './token-stream.ts'
export type { DeliverOptions } from './deliver.ts'
export type { Settle } from './settlement.ts'
export type { StreamResult } from './stream-result.ts'

export { DEFAULT_STREAM_OPTIONS } from './stream-options.ts'
export type { DeadlineOptions, OnDisconnect, ResolvedStreamOptions, StreamOptions } from './stream-options.ts'
export {
  DEFAULT_READER_OPTIONS,
  type ReaderOptions,
  resolveReaderOptions,
  type ResolvedReaderOptions,
} from './reader-options.ts'
export { DEFAULT_LIMIT_OPTIONS, type LimitOptions, type ResolvedLimitOptions } from './admission.ts'
export type { Observer } from './observer.ts'
export type { EventTransform, Transform } from './transform.ts'
export {
  authorizeOwner,
  expiryOf,
  hasExpired,
  requireExpiry,
  type Action,
  type Actor,
  type Authorize,
  type Principal,
  type StreamIdentity,
} from './principal.ts'
export { maskError, errorOfEnd, type ErrorFor } from './end.ts'
export { isSluiceError, SluiceError, STATUS_OF_CODE, type SluiceErrorCode, type SluiceErrorOptions } from './errors.ts'
export { createSystemRuntime, type Runtime } from './runtime.ts'

export { isTextual } from './event.ts'
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
} from './event.ts'
export type { Source, SourceContext, SourceItem, SourceItems } from './source.ts'
export type { Json } from './json.ts'
export { formatCursor, isStreamId, parseCursor, type Cursor } from './cursor.ts'

export type { ChunkingPolicy, Pace, PolicyView } from './policy.ts'
export { immediate } from './policies/immediate.ts'
export { DEFAULT_FIXED_OPTIONS, fixed, type FixedOptions } from './policies/fixed.ts'
export { adaptive, DEFAULT_ADAPTIVE_OPTIONS, type AdaptiveOptions } from './policies/adaptive.ts'
export { boundary, DEFAULT_BOUNDARY_OPTIONS, type BoundaryOptions } from './policies/boundary.ts'
export { paced, type PacedOptions } from './policies/paced.ts'

// For those who write a transport, a wire or a store.
export { Connection } from './connection.ts'
export type { Carried, ConnectionHabits } from './connection-parties.ts'
export type { Sink, WireBytes } from './sink.ts'
export type { Encoder, EncoderStart, Entry, Wire, WireFacts } from './encoder.ts'
export type { Closed, ClosedCode, Opened } from './notice.ts'
export type { ChunkInfo, ReadingOutcome } from './delivery-parties.ts'
export { copyOutline, createOutline, foldOutline, type ChoiceOutline, type Outline } from './outline.ts'
export { createMemoryStore } from './memory-store.ts'
export { DEFAULT_MEMORY_STORE_OPTIONS, type MemoryStoreOptions } from './memory-store-options.ts'
export type {
  Begun,
  CloseOptions,
  Closing,
  Durability,
  Found,
  Keeping,
  LookUp,
  MaybePromise,
  NamedSource,
  Store,
  StoredStream,
  StoreHealth,
  StoreHost,
  StoreRef,
  StreamFacts,
  StreamName,
  StreamTiming,
  Tombstone,
} from './store.ts'
export { EVENT_COST_BYTES, eventBytes } from './event-size.ts'
export { Log } from './log.ts'
export type { LogAccount, LogOptions, LogStart } from './log-options.ts'
export type { LogReader, LogWatcher } from './log-parties.ts'
export type { LogFollower } from './log-backing.ts'
export { extendReaders } from './reader.ts'
export { Hub, type Steppable } from './hub.ts'
export { identifiedInTime } from './identify-deadline.ts'
export { TokenBucket } from './token-bucket.ts'
export { Deadline, type Due } from './deadlines.ts'
export { cutEnd } from './end.ts'
export type { Logged } from './segment.ts'
export { placeCursor, type CursorPlace } from './cursor-place.ts'
export {
  beginRecord,
  stepRecord,
  type RecordCommand,
  type RecordOutcome,
  type RecordState,
  type RecordStep,
} from './record-machine.ts'
export {
  beginLifecycle,
  nextDueMs,
  stepLifecycle,
  type LifecycleCommand,
  type LifecycleRules,
  type LifecycleState,
  type LifecycleStep,
  type LifecycleVerdict,
  type SourceProgress,
} from './lifecycle-machine.ts'
