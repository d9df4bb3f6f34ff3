import { ERROR_CODES, type Sluice, type SluiceErrorCode } from '@sluice/core'

import type { JobInfo } from '../jobs/job-info.ts'
import { isStreamGone } from '../jobs/stream-gone.ts'

/** A job as an operation of AIP-151, in the JSON of `google.longrunning.Operation`. */
export interface OperationView {
  name: string
  metadata: { '@type': string; [name: string]: unknown }
  done: boolean
  error?:
    | { code: number; message: string; details: readonly { '@type': string; [name: string]: unknown }[] }
    | undefined
  response?: { '@type': string; [name: string]: unknown } | undefined
}

/** Numbers of gRPC's status codes. */
const STATUS: Readonly<Record<string, number>> = {
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  OUT_OF_RANGE: 11,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
}
const UNKNOWN = 2
const STRUCT = 'type.googleapis.com/google.protobuf.Struct'

/** The operation that a job is. The text of one that has succeeded is its response. */
export async function operationOf(sluice: Sluice, job: JobInfo, tenant: string | undefined): Promise<OperationView> {
  const { id, state, attempt, attempts, steps, source } = job
  const metadata = {
    '@type': STRUCT,
    value: {
      source,
      state,
      attempt,
      attempts,
      ...(job.stream !== undefined && { stream: job.stream }),
      createTime: timeOf(job.createdAtMs),
      ...(job.startedAtMs !== undefined && { startTime: timeOf(job.startedAtMs) }),
      ...(job.endedAtMs !== undefined && { endTime: timeOf(job.endedAtMs) }),
      ...(steps && { step: steps.name, stepIndex: steps.index, stepCount: steps.of, message: steps.message }),
    },
  }
  const operation = { name: `operations/${id}`, metadata, done: job.status === 'ended' }
  if (!operation.done) return operation
  if (state === 'succeeded')
    return { ...operation, response: { '@type': STRUCT, value: await resultOf(sluice, job, tenant) } }
  return { ...operation, error: errorOf(job) }
}

async function resultOf(
  sluice: Sluice,
  { stream, end }: JobInfo,
  tenant: string | undefined,
): Promise<Record<string, unknown>> {
  const rest = { finishReason: end?.reason, usage: end?.usage }
  if (stream === undefined) return rest
  try {
    const { text, trimmed } = await sluice.transcript({ id: stream, tenant }, { as: 'server' })
    return { ...rest, text, ...(trimmed && { trimmed }) }
  } catch (error) {
    // The job is kept longer than its stream.
    if (isStreamGone(error)) return { ...rest, textGone: true }
    throw error
  }
}

function errorOf({ state, error }: JobInfo): OperationView['error'] {
  const code = state === 'cancelled' ? 'SLUICE_ERR_CANCELLED' : (error?.code ?? 'SLUICE_ERR_SOURCE')
  const status = ERROR_CODES[code as SluiceErrorCode] as (typeof ERROR_CODES)[SluiceErrorCode] | undefined
  return {
    code: (status && STATUS[status.grpc]) ?? UNKNOWN,
    message: state === 'cancelled' ? 'The job was cancelled.' : (error?.message ?? 'The job has failed.'),
    details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: code, domain: 'sluice' }],
  }
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}
