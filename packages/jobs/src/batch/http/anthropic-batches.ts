import { createHash } from 'node:crypto'

import { type ExtensionAsked, jsonPlan, type HttpRequest } from '@sluice/http'

import { scopeOf } from '../../documents/scope.ts'
import type { Batches } from '../engine/batches.ts'
import type { BatchOwner } from '../engine/batches-options.ts'
import { madeBefore } from '../engine/repeat-key.ts'
import { finishedOf, isBatchOver } from '../state/batch-machine.ts'
import type { KnownBatch } from '../state/batch-record.ts'
import { AnthropicRequests, MESSAGES_ENDPOINT } from './anthropic-requests.ts'
import { contentPlan } from './content-plan.ts'
import { hashed, discardRest, rawBytes } from './raw-bytes.ts'
import { type Answer, readPage, readRepeatKey, repeatOf } from './read-request.ts'
import { notThere, requireNoForeignPage, wrongRequest } from './request-error.ts'

const WINDOW_MS = 24 * 3_600_000
const WHAT = 'message batch'

/** `POST /messages/batches`: the requests go to the store as they come. */
export async function createMessageBatch<Raw>(batches: Batches, { request, principal }: ExtensionAsked<Raw>): Answer {
  requireNoForeignPage(request)
  const { files, documents, limits, keepMs } = batches
  const { raw } = request
  const scope = scopeOf(principal)
  const key = readRepeatKey(request)
  const requests = new AnthropicRequests({
    maxRequests: limits.batchLines,
    maxRequestBytes: limits.lineBytes,
    maxBytes: limits.fileBytes,
  })
  try {
    const hash = createHash('sha256')
    const received = await files.receive(scope, hashed(requests.lines(rawBytes(raw)), hash))
    const { id, bytes } = received
    const repeat = repeatOf(key, hash.digest('hex'))
    try {
      const before = repeat && (await madeBefore(documents, { scope, route: 'anthropic', repeat }))
      const known = before === undefined ? undefined : await batches.find(anthropic(principal), before)
      if (known) {
        await files.discard(id)
        return told(request, known)
      }
      const asked = {
        ...anthropic(principal),
        endpoint: MESSAGES_ENDPOINT,
        input: { name: id, fileId: id, bytes },
        completionWindow: '24h',
        windowMs: WINDOW_MS,
        metadata: null,
        keepMs,
        total: requests.count,
      }
      const { batch, writes, more } = batches.prepare(asked, before === undefined ? repeat : undefined)
      const filename = `${batch.id}_input.jsonl`
      await files.keep(scope, received, { filename, purpose: 'batch', keepMs, isApart: true, writes, more })
      return told(request, batch)
    } catch (error) {
      await files.discard(id)
      throw error
    }
  } catch (error) {
    discardRest(raw)
    throw error
  }
}

/** `GET /messages/batches`. */
export async function listMessageBatches<Raw>(batches: Batches, { request, principal }: ExtensionAsked<Raw>): Answer {
  const page = readPage(request.query, { after: 'after_id', max: 1_000 })
  if (request.query.has('before_id')) {
    throw wrongRequest({ message: 'before_id: pages go from the newest to the oldest here; use after_id' })
  }
  const { batches: found, more } = await batches.list(anthropic(principal), page)
  const data = found.map((batch) => viewOf(request, batch))
  return jsonPlan(200, { data, has_more: more, first_id: found[0]?.id ?? null, last_id: found.at(-1)?.id ?? null })
}

/** `GET /messages/batches/{id}`. */
export async function readMessageBatch<Raw>(batches: Batches, asked: ExtensionAsked<Raw>, id: string): Answer {
  return told(asked.request, await found(batches, asked, id))
}

/** `POST /messages/batches/{id}/cancel`. */
export async function cancelMessageBatch<Raw>(batches: Batches, asked: ExtensionAsked<Raw>, id: string): Answer {
  requireNoForeignPage(asked.request)
  const batch = await batches.cancel(anthropic(asked.principal), id)
  if (!batch) throw notThere(WHAT, id)
  return told(asked.request, batch)
}

/** `DELETE /messages/batches/{id}`. */
export async function deleteMessageBatch<Raw>(
  batches: Batches,
  { principal }: ExtensionAsked<Raw>,
  id: string,
): Answer {
  const removed = await batches.remove(anthropic(principal), id)
  if (!removed) throw notThere(WHAT, id)
  if (removed === 'running') {
    throw wrongRequest({ message: 'The batch has not ended. Cancel it first, and delete it when it has.' })
  }
  return jsonPlan(200, { id, type: 'message_batch_deleted' })
}

/** `GET /messages/batches/{id}/results`: those that succeeded, then the others. */
export async function readResults<Raw>(batches: Batches, asked: ExtensionAsked<Raw>, id: string): Answer {
  const batch = await found(batches, asked, id)
  if (!isBatchOver(batch.state)) throw notThere('results of message batch', id)
  return contentPlan(batches.results(batch), { 'content-type': 'application/x-jsonl' })
}

async function found<Raw>(batches: Batches, { principal }: ExtensionAsked<Raw>, id: string): Promise<KnownBatch> {
  const batch = await batches.find(anthropic(principal), id)
  if (batch) return batch
  throw notThere(WHAT, id)
}

function anthropic(owner: BatchOwner['owner']): BatchOwner & { dialect: 'anthropic' } {
  return { dialect: 'anthropic', owner }
}

function told(request: HttpRequest, batch: KnownBatch): Awaited<Answer> {
  return jsonPlan(200, viewOf(request, batch))
}

function viewOf(request: HttpRequest, { id, state }: KnownBatch): object {
  const { counts, phase } = state
  const isOver = isBatchOver(state)
  return {
    id,
    type: 'message_batch',
    processing_status: isOver ? 'ended' : phase === 'cancelling' ? 'canceling' : 'in_progress',
    request_counts: {
      processing: Math.max(0, counts.total - finishedOf(counts)),
      succeeded: counts.succeeded,
      errored: counts.failed,
      canceled: counts.cancelled,
      expired: counts.expired,
    },
    created_at: timeOf(state.createdAtMs),
    expires_at: timeOf(state.expiresAtMs),
    ended_at: timeOf(state.endedAtMs),
    cancel_initiated_at: timeOf(state.cancellingAtMs),
    archived_at: null,
    results_url: isOver ? `${baseOf(request)}/messages/batches/${id}/results` : null,
  }
}

/** Where the client found this server: it is told its own name for it. */
function baseOf(request: HttpRequest): string {
  const { mount } = request
  const host = request.header('host')
  if (/^https?:/.test(mount) || host === undefined) return mount
  const { socket } = request.raw as { socket?: { encrypted?: boolean } }
  const isSecure =
    request.header('x-forwarded-proto')?.split(',', 1)[0]?.trim() === 'https' || socket?.encrypted === true
  return `${isSecure ? 'https' : 'http'}://${host}${mount}`
}

function timeOf(ms: number): string
function timeOf(ms: number | undefined): string | null
function timeOf(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString()
}
