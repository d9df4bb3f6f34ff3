export { beginJob, isOver, stepJob } from './job/job-machine.ts'
export type { JobAdvance, JobCommand, JobOutcome, JobPhase, JobRules, JobState, JobStep } from './job/job-machine.ts'
export type {
  ClaimOptions,
  DocumentBound,
  DocumentName,
  DocumentPlace,
  DocumentStore,
  DocumentWrite,
  ListOptions,
  StoredDocument,
  Written,
} from './documents/document-store.ts'
export { scopeOf } from './documents/scope.ts'
export type { ClaimedJob, JobQueue, OfferedJob, QueueWorker, QueueWorkOptions } from './queue/job-queue.ts'
export type { JobInfo } from './jobs/job-info.ts'
export { createJobs, Jobs, type JobWorker, type JobWorkOptions } from './jobs/jobs.ts'
export type { JobInfoOptions, JobListOptions, JobRefOptions } from './jobs/job-reads.ts'
export {
  type BackoffOptions,
  DEFAULT_JOBS_OPTIONS,
  type JobLimits,
  type JobOptions,
  type JobsOptions,
  type LeaseOptions,
  type Resolved,
  type ResolvedJobOptions,
} from './jobs/options.ts'
export type { SubmitOptions } from './jobs/submit.ts'
export type { JobContext, JobSource, StepOptions, StepProgress } from './jobs/job-source.ts'
