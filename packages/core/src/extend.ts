// What authors of transports, wires and stores use.
export type { DeliverOptions } from './sluice/prepare-delivery.ts'
export { resolveReaderOptions } from './reader/options.ts'
export { expiryOf, hasExpired, isName, requireActor, SERVER_OWNER } from './access/principal.ts'
export { errorOfEnd, cutEnd } from './log/end.ts'
export {
  CLOSED_CODES,
  isErrorCode,
  type ClosedMeaning,
  type ErrorMeaning,
  type GrpcStatusName,
} from './events/codes.ts'
export {
  isOfChoice,
  isPlainText,
  type AnswerEvent,
  type ChoiceEvent,
  type PlainTextEvent,
} from './events/event-kind.ts'
export { isEndEvent, isStreamEvent } from './events/event-check.ts'
export { formatCursor, isStreamId, parseCursor, type Cursor } from './events/cursor.ts'
export { Connection } from './wire/connection.ts'
export type { ConnectionReading, ConnectionOptions } from './wire/connection-reading.ts'
export type { Sink, WireBytes } from './wire/sink.ts'
export type { Encoder, EncoderOptions, EncoderStart, Wire } from './wire/encoder.ts'
export type { Entry } from './log/entry.ts'
export type { WireFacts, StreamFacts, Tombstone } from './store/stream-facts.ts'
export type { Closed, Opened } from './events/notice.ts'
export {
  copyResumeState,
  createResumeState,
  foldResumeState,
  type ChoiceState,
  type KnownTool,
  type ResumeState,
} from './events/resume-state.ts'
export type {
  Begun,
  CloseOptions,
  Closing,
  Found,
  Keeping,
  LookUp,
  MaybePromise,
  StoredStream,
  StoreHost,
  StoreRef,
  StreamName,
} from './store/store.ts'
export { EVENT_COST_BYTES, eventBytes, TEXT_COST_BYTES } from './events/event-size.ts'
export { heldBytes } from './events/held-bytes.ts'
export { storeFull } from './store/store-full.ts'
export { RUNNING_COST_BYTES, streamBytes } from './store/stream-size.ts'
export { joinBytes } from './events/bytes.ts'
export { GatheredBytes } from './events/gathered-bytes.ts'
export { jsonLine } from './wire/json-line.ts'
export { nativeMembers } from './wire/native-json.ts'
export { Log } from './log/log.ts'
export type { LogAccount, LogOptions, LogStart } from './log/log-options.ts'
export type { LogHead } from './log/trimmed-head.ts'
export type { LogReader, LogSleeper, LogWatcher } from './log/log-listeners.ts'
export type { LogPersister } from './log/store-progress.ts'
export { extendReaders, limitReaders } from './reader/reader.ts'
export {
  CLIENT_OPTION_NAMES,
  CLIENT_READING_NAMES,
  type ClientOptionsPlace,
  deliverOptionsOf,
  parseClientReading,
} from './sluice/client-options.ts'
export { canonicalJson, fingerprintOf } from './events/json/canonical-json.ts'
export { JsonObjectText } from './events/json/json-object.ts'
export { type TimeLimit, withinTime } from './clock/within-time.ts'
export { madeInTime, type RunnerLimits } from './access/runner.ts'
export { ownedKey } from './access/owned-key.ts'
export { requireSafeJson, requireSafeLongJson, type SafeJsonOptions } from './events/json/json-guard.ts'
export { DEFAULT_JSON_LIMITS, type JsonLimitName, type JsonLimits, limitOption } from './events/json/json-limits.ts'
export { JsonScan } from './events/json/json-scan.ts'
export { readJson, type ReadJsonOptions, readLongJson } from './events/json/read-json.ts'
export { type ArrivingBody, Bodies } from './access/bodies.ts'
export {
  invalidOption,
  requireDuration,
  requireInteger,
  requireKnownNames,
  requireNumber,
  withDefault,
} from './events/option-rules.ts'
export { bearerOf } from './access/bearer.ts'
export { isOrigin, NULL_ORIGIN } from './access/origin.ts'
export { isForeignHost, isFromElsewhere, isSameOrigin, type PageHeaders } from './access/page.ts'
export { hostTurn } from './clock/host-turn.ts'
export { inSlices } from './clock/in-slices.ts'
export { Scheduler, type Steppable } from './clock/scheduler.ts'
export { WallClock } from './clock/wall-clock.ts'
export { type Identified, identifiedPrincipal, requirePrincipal } from './access/identify.ts'
export { TokenBucket } from './clock/token-bucket.ts'
export { Deadline, type Due } from './clock/deadlines.ts'
export { type Logged, toEvent } from './log/segment.ts'
export { LogSummary, type SummaryFacts } from './log/log-summary.ts'
export { resolveStreamOptions } from './store/stream-options.ts'
export { headGone, placeCursor, type CursorPlace } from './log/cursor-place.ts'
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
export { type SourceIterator, toSourceIterator } from './source/iterator.ts'
export { guardSignal } from './source/guarded-signal.ts'
export type { SourceProgress } from './source/source-progress.ts'
