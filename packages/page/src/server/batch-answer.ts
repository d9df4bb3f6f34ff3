/** A file that was uploaded. */
export interface UploadedFile {
  readonly id: string
  readonly filename: string
}

/** A batch, as `GET /v1/batches` tells of it. Times are seconds since 1970. */
export interface Batch {
  readonly id: string
  readonly status: string
  readonly created_at: number
  readonly in_progress_at: number | null
  readonly completed_at: number | null
  readonly failed_at: number | null
  readonly expired_at: number | null
  readonly cancelled_at: number | null
  readonly output_file_id: string | null
  readonly error_file_id: string | null
  readonly errors: { readonly data: readonly BatchProblem[] } | null
  readonly request_counts: { readonly total: number; readonly completed: number; readonly failed: number }
  readonly metadata: Readonly<Record<string, string>> | null
  readonly sluice: { readonly eta: BatchEta | null }
}

/** What is wrong with an input. */
export interface BatchProblem {
  readonly message: string
}

/** When it is thought to be over: seconds since 1970. */
export interface BatchEta {
  readonly earliest: number
  readonly likely: number
  readonly latest: number
}

/** What `GET /v1/batches` answers. */
export interface BatchList {
  readonly data: readonly Batch[]
  readonly has_more: boolean
}
