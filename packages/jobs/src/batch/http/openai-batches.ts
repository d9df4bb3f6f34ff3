import type { Json } from '@sluice/core'
import { fingerprintOf } from '@sluice/core/extend'
import { type ExtensionAsked, jsonPlan } from '@sluice/http'

import { scopeOf } from '../../documents/scope.ts'
import type { Batches } from '../engine/batches.ts'
import type { BatchOwner } from '../engine/batches-options.ts'
import { BATCH_ENDPOINTS } from '../lines/batch-input.ts'
import type { KnownBatch } from '../state/batch-record.ts'
import { batchView, pageView, pollHeaders } from './openai-views.ts'
import {
  type Answer,
  readKeepMs,
  readMetadata,
  readPage,
  readRepeatKey,
  readWindow,
  repeatOf,
  requireObject,
} from './read-request.ts'
import { notThere, requireNoForeignPage, wrongRequest } from './request-error.ts'

const MEMBERS = ['input_file_id', 'endpoint', 'completion_window', 'metadata', 'output_expires_after']

/** `POST /batches`. */
export async function createBatch<Raw>(batches: Batches, asked: ExtensionAsked<Raw>): Answer {
  const { request, principal: owner } = asked
  const body = await asked.body()
  const said = requireObject(body, MEMBERS)
  const { input_file_id: fileId, endpoint, completion_window: completionWindow } = said
  if (typeof endpoint !== 'string' || !BATCH_ENDPOINTS.includes(endpoint)) {
    const message = `"endpoint" must be one of ${BATCH_ENDPOINTS.join(', ')}.`
    throw wrongRequest({ message, param: 'endpoint', code: 'invalid_endpoint' })
  }
  const windowMs = readWindow(completionWindow)
  const metadata = readMetadata(said.metadata)
  const keepMs = readKeepMs(said.output_expires_after, 'output_expires_after') ?? batches.keepMs
  const repeat = repeatOf(readRepeatKey(request), await fingerprintOf(body as Json))
  const input = await inputOf(batches, scopeOf(owner), fileId)
  const batch = await batches.create(
    {
      dialect: 'openai',
      owner,
      endpoint,
      input,
      completionWindow: completionWindow as string,
      windowMs,
      metadata,
      keepMs,
    },
    repeat,
  )
  return told(batches, batch)
}

async function inputOf({ files }: Batches, scope: string, fileId: unknown): Promise<KnownBatch['input']> {
  const param = 'input_file_id'
  if (typeof fileId !== 'string') {
    throw wrongRequest({ message: '"input_file_id" must be the id of a file.', param, code: 'missing_input_file' })
  }
  const file = await files.find(scope, fileId)
  if (!file) {
    const message = `There is no file ${JSON.stringify(fileId.slice(0, 80))}, or it is not yours. Upload it first.`
    throw wrongRequest({ message, param, code: 'input_file_not_found' })
  }
  if (file.purpose !== 'batch') {
    const message = `The file has the purpose "${file.purpose}"; the input of a batch must have "batch".`
    throw wrongRequest({ message, param, code: 'invalid_purpose' })
  }
  return { name: file.name, fileId, bytes: file.bytes }
}

/** `GET /batches`. */
export async function listBatches<Raw>(batches: Batches, { request, principal }: ExtensionAsked<Raw>): Answer {
  const page = readPage(request.query, { after: 'after', max: 100 })
  const { batches: found, more } = await batches.list(openAi(principal), page)
  return jsonPlan(
    200,
    pageView(found, (batch) => batchView(batch, batches.eta(batch)), more),
  )
}

/** `GET /batches/{id}`. */
export async function readBatch<Raw>(batches: Batches, { principal }: ExtensionAsked<Raw>, id: string): Answer {
  const batch = await batches.find(openAi(principal), id)
  if (!batch) throw notThere('batch', id)
  return told(batches, batch)
}

/** `POST /batches/{id}/cancel`: one that is over is shown as it is. */
export async function cancelBatch<Raw>(
  batches: Batches,
  { request, principal }: ExtensionAsked<Raw>,
  id: string,
): Answer {
  requireNoForeignPage(request)
  const batch = await batches.cancel(openAi(principal), id)
  if (!batch) throw notThere('batch', id)
  return told(batches, batch)
}

function openAi(owner: BatchOwner['owner']): BatchOwner {
  return { dialect: 'openai', owner }
}

function told(batches: Batches, batch: KnownBatch): Awaited<Answer> {
  return jsonPlan(200, batchView(batch, batches.eta(batch)), pollHeaders(batch, batches.nowMs))
}
