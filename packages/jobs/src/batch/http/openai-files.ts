import { createHash } from 'node:crypto'

import { type ExtensionAsked, jsonPlan } from '@sluice/http'

import { scopeOf } from '../../documents/scope.ts'
import type { Batches } from '../engine/batches.ts'
import { keyWrite, madeBefore } from '../engine/repeat-key.ts'
import type { FilePurpose, KnownFile, ReceivedFile } from '../files/file-record.ts'
import { contentPlan, dispositionOf } from './content-plan.ts'
import { fileView, pageView } from './openai-views.ts'
import { hashed, discardRest, rawBytes } from './raw-bytes.ts'
import { type Answer, readKeepMs, readPage, readRepeatKey, repeatOf } from './read-request.ts'
import { notThere, requireNoForeignPage, wrongRequest } from './request-error.ts'
import { readUpload, tooLarge, type UploadParts } from './upload.ts'

/** What a form has beside its file. */
const FORM_BYTES = 1024 * 1024
const ROUTE = 'files'
const FIELDS = ['purpose', 'expires_after[anchor]', 'expires_after[seconds]']

/** `POST /files`: a form, whose file goes to the store as it comes. */
export async function uploadFile<Raw>(batches: Batches, { request, principal }: ExtensionAsked<Raw>): Answer {
  requireNoForeignPage(request)
  const { fileBytes } = batches.limits
  const { raw } = request
  try {
    if (Number(request.header('content-length')) > fileBytes + FORM_BYTES) throw tooLarge(fileBytes)
    const key = readRepeatKey(request)
    const scope = scopeOf(principal)
    const hash = createHash('sha256')
    const uploaded = await readUpload(rawBytes(raw), {
      contentType: request.header('content-type'),
      maxBytes: fileBytes,
      receive: (bytes) => batches.files.receive(scope, hashed(bytes, hash)),
      discard: ({ id }: ReceivedFile) => batches.files.discard(id),
    })
    const fingerprint = hash.update(JSON.stringify([uploaded.filename, ...uploaded.fields])).digest('hex')
    return jsonPlan(200, fileView(await keep(batches, { scope, uploaded, key, fingerprint })))
  } catch (error) {
    discardRest(raw)
    throw error
  }
}

interface Upload {
  readonly scope: string
  readonly uploaded: UploadParts
  readonly key: string | undefined
  readonly fingerprint: string
}

async function keep(batches: Batches, { scope, uploaded, key, fingerprint }: Upload): Promise<KnownFile> {
  const { files, documents } = batches
  const { file, filename, fields } = uploaded
  const repeat = repeatOf(key, fingerprint)
  try {
    const before = repeat && (await madeBefore(documents, { scope, route: ROUTE, repeat }))
    const known = before === undefined ? undefined : await files.find(scope, before)
    if (known) {
      await files.discard(file.id)
      return known
    }
    const { purpose, keepMs = batches.keepMs } = readFields(fields)
    const writes = repeat && before === undefined ? [keyWrite(scope, ROUTE, repeat, file.id)] : []
    return await files.keep(scope, file, { filename, purpose, keepMs, writes })
  } catch (error) {
    await files.discard(file.id)
    throw error
  }
}

function readFields(fields: ReadonlyMap<string, string>): { purpose: FilePurpose; keepMs: number | undefined } {
  const unknown = [...fields.keys()].find((name) => !FIELDS.includes(name))
  if (unknown !== undefined) {
    const message = `The form has an unknown part ${JSON.stringify(unknown)}; there are: file, ${FIELDS.join(', ')}.`
    throw wrongRequest({ message, param: unknown })
  }
  const purpose = fields.get('purpose')
  if (purpose !== 'batch') {
    const said = purpose === undefined ? 'missing' : JSON.stringify(purpose.slice(0, 80))
    const message = `"purpose" is ${said}; files here are for batches, so it must be "batch".`
    throw wrongRequest({ message, param: 'purpose', code: 'invalid_purpose' })
  }
  const anchor = fields.get('expires_after[anchor]')
  const seconds = fields.get('expires_after[seconds]')
  if (anchor === undefined && seconds === undefined) return { purpose, keepMs: undefined }
  return { purpose, keepMs: readKeepMs({ anchor, seconds: Number(seconds) }, 'expires_after') }
}

/** `GET /files`. */
export async function listFiles<Raw>(batches: Batches, { request, principal }: ExtensionAsked<Raw>): Answer {
  const { query } = request
  const page = readPage(query, { after: 'after', max: 1_000 })
  const purpose = query.get('purpose') ?? undefined
  const order = query.get('order') ?? 'desc'
  if (order !== 'desc') {
    throw wrongRequest({ message: '"order" must be "desc": files are listed newest first.', param: 'order' })
  }
  const { files, more } = await listed(batches, scopeOf(principal), { ...page, purpose })
  return jsonPlan(200, pageView(files, fileView, more))
}

/** A page of those with a purpose: what lies between them is passed over. */
async function listed(
  { files }: Batches,
  scope: string,
  { after, limit, purpose }: { after: string | undefined; limit: number; purpose: string | undefined },
): Promise<{ files: readonly KnownFile[]; more: boolean }> {
  const found: KnownFile[] = []
  let from = after
  for (;;) {
    const page = await files.list(scope, { after: from, limit })
    const last = page.files.at(-1)
    const good = page.files.filter((file) => purpose === undefined || file.purpose === purpose)
    found.push(...good)
    if (found.length > limit) return { files: found.slice(0, limit), more: true }
    if (!page.more || !last) return { files: found, more: false }
    if (purpose === undefined) return { files: found, more: true }
    from = last.id
  }
}

/** `GET /files/{id}`. */
export async function readFile<Raw>(batches: Batches, { principal }: ExtensionAsked<Raw>, id: string): Answer {
  return jsonPlan(200, fileView(await found(batches, scopeOf(principal), id)))
}

/** `GET /files/{id}/content`. */
export async function readContent<Raw>(batches: Batches, { principal }: ExtensionAsked<Raw>, id: string): Answer {
  const file = await found(batches, scopeOf(principal), id)
  return contentPlan(batches.files.read(file), {
    'content-type': 'application/octet-stream',
    'content-disposition': dispositionOf(file.filename),
  })
}

/** `DELETE /files/{id}`. */
export async function deleteFile<Raw>(batches: Batches, { principal }: ExtensionAsked<Raw>, id: string): Answer {
  const scope = scopeOf(principal)
  await found(batches, scope, id)
  await batches.files.remove(scope, id)
  return jsonPlan(200, { id, object: 'file', deleted: true })
}

async function found({ files }: Batches, scope: string, id: string): Promise<KnownFile> {
  const file = await files.find(scope, id)
  if (file) return file
  throw notThere('file', id)
}
