import { isBatchOver } from '../state/batch-machine.ts'
import type { KnownBatch } from '../state/batch-record.ts'
import type { KnownFile } from '../files/file-record.ts'

/** A file in the shape of OpenAI's. */
export function fileView({ id, bytes, createdAtMs, filename, purpose, expiresAtMs }: KnownFile): object {
  return {
    id,
    object: 'file',
    bytes,
    created_at: seconds(createdAtMs),
    ...(expiresAtMs !== undefined && { expires_at: seconds(expiresAtMs) }),
    filename,
    purpose,
    status: 'processed',
  }
}

/** A batch in the shape of OpenAI's; what it has beside that is in `sluice`. */
export function batchView(batch: KnownBatch, eta: unknown): object {
  const { id, state, outputs, input } = batch
  const { phase, endedAtMs, problems, counts } = state
  const endedAs = (ending: string): number | null => (phase === ending ? seconds(endedAtMs) : null)
  return {
    id,
    object: 'batch',
    endpoint: batch.endpoint,
    ...(state.model !== undefined && { model: state.model }),
    errors: problems ? { object: 'list', data: problems } : null,
    input_file_id: input.fileId,
    completion_window: batch.completionWindow,
    status: phase,
    output_file_id: outputs?.output ?? null,
    error_file_id: outputs?.errors ?? null,
    created_at: seconds(state.createdAtMs),
    in_progress_at: seconds(state.inProgressAtMs),
    expires_at: seconds(state.expiresAtMs),
    finalizing_at: seconds(state.finalizingAtMs),
    completed_at: endedAs('completed'),
    failed_at: endedAs('failed'),
    expired_at: endedAs('expired'),
    cancelling_at: seconds(state.cancellingAtMs),
    cancelled_at: endedAs('cancelled'),
    request_counts: { total: counts.total, completed: counts.succeeded, failed: counts.failed },
    metadata: batch.metadata,
    sluice: { eta: eta ?? null },
  }
}

const FIRST_POLL_MS = 1_000
const LAST_POLL_MS = 30_000

/** When to look again: later, the longer it takes. Nothing where it is over. */
export function pollHeaders({ state }: KnownBatch, nowMs: number): Record<string, string> {
  if (isBatchOver(state)) return {}
  const ms = Math.round(Math.min(Math.max((nowMs - state.createdAtMs) / 10, FIRST_POLL_MS), LAST_POLL_MS))
  return { 'retry-after': String(Math.ceil(ms / 1_000)), 'openai-poll-after-ms': String(ms) }
}

/** One page of a list. */
export function pageView<Item extends { readonly id: string }>(
  items: readonly Item[],
  view: (item: Item) => object,
  more: boolean,
): object {
  return {
    object: 'list',
    data: items.map(view),
    first_id: items[0]?.id ?? null,
    last_id: items.at(-1)?.id ?? null,
    has_more: more,
  }
}

/** Seconds since 1970. */
function seconds(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.floor(ms / 1_000)
}
