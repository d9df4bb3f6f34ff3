export {
  BATCH_ENDPOINTS,
  BatchInput,
  type BatchInputRules,
  type BatchRequest,
  isLineError,
  requestBody,
} from './batch/lines/batch-input.ts'
export { IdTable } from './batch/lines/id-table.ts'
export type { LineError, LineErrorCode } from './batch/lines/line-error.ts'
export {
  DEFAULT_LINE_OPTIONS,
  LineSplitter,
  type LineSplitterOptions,
  readLines,
  type SplitLine,
} from './batch/lines/line-splitter.ts'
export {
  type AnsweredLine,
  isSuccess,
  type LineResult,
  newLineId,
  openAiLine,
  type UnansweredLine,
  vllmLine,
} from './batch/lines/output-line.ts'
export { type OutputLine, readOutputLine } from './batch/lines/read-output.ts'
export {
  AdaptiveConcurrency,
  type AdaptiveConcurrencyOptions,
  type BegunRequest,
  type RequestOutcome,
} from './batch/rate/adaptive-concurrency.ts'
export { createBatches, Batches } from './batch/engine/batches.ts'
export type { BatchesOptions } from './batch/engine/batches-options.ts'
export type { Pressure } from './batch/engine/batch-engine.ts'
export type { BatchLine, LineAnswer, RunLine } from './batch/asking/ask-line.ts'
export { directoryFiles, type DirectoryFilesOptions } from './batch/files/directory-files.ts'
export type { FilePiece, FileRange, FileStore } from './batch/files/file-store.ts'
export { batchRoutes, type BatchRoutesOptions, NO_PLACE } from './batch/http/batch-routes.ts'
export { redisFiles, type RedisFilesClient, type RedisFilesOptions } from './batch/files/redis-files.ts'
export { isBusyStatus, isFailingStatus } from './batch/rate/status-meaning.ts'
export { LEAST_DONE, estimateEnd, type Eta, type EtaBasis, type EtaQuestion } from './batch/rate/eta.ts'
export { RateLog, type RateLogState } from './batch/rate/rate-log.ts'
export type { BatchEta } from './batch/engine/batch-rate.ts'
export type { BatchOwner, NewBatch } from './batch/engine/batches-options.ts'
export type { PreparedBatch } from './batch/engine/batches.ts'
export type { RepeatKey } from './batch/engine/repeat-key.ts'
export type {
  FilePage,
  FilePurpose,
  FileRecord,
  KnownFile,
  ReceivedFile,
  SaidOfFile,
} from './batch/files/file-record.ts'
export type { FileRecords } from './batch/files/file-records.ts'
export type { OwnerUsage } from './batch/files/owner-usage.ts'
export type { BatchCounts, BatchEnding, BatchPhase, BatchProblem, BatchState } from './batch/state/batch-machine.ts'
export type { BatchDialect, BatchRecord, BatchSource, KnownBatch } from './batch/state/batch-record.ts'
export type { Checkpoint, LinePlace, OpenLine, PartSizes } from './batch/state/checkpoint.ts'
export {
  type BatchLimits,
  type BatchWorkOptions,
  DEFAULT_BATCH_LIMITS,
  DEFAULT_WORK_OPTIONS,
  type PressureBounds,
  type ResolvedBatchLimits,
  type ResolvedWorkOptions,
} from './batch/state/options.ts'
