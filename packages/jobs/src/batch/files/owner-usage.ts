import { hash } from 'node:crypto'

import { SluiceError } from '@sluice/core'

import type { DocumentStore, DocumentWrite } from '../../documents/document-store.ts'

const KIND = 'batch-usage'
/** How long it is remembered that somebody has nothing. Nobody works with what they read so long ago. */
const FORGET_MS = 24 * 3_600_000

/** What one owner has. */
export interface OwnerUsage {
  readonly files: number
  /** Of all files, those of results included. */
  readonly bytes: number
  /** Of all batches that are not over: those that are not answered are not told apart. */
  readonly lines: number
  /** Batches that are not over. */
  readonly batches: number
}

const NOTHING: OwnerUsage = { files: 0, bytes: 0, lines: 0, batches: 0 }

/** What is written for one owner. */
export interface CountedWrite {
  /** @see scopeOf */
  readonly scope: string
  readonly writes: readonly DocumentWrite[]
  /** What there is more of by that, or less. */
  readonly more: Partial<OwnerUsage>
  /** Left out where it is written in any case. What grows must stay within. */
  readonly limits?: OwnerUsage | undefined
}

/**
 * Writes documents together with what their owner has then. False: one of them is not as it was.
 *
 * @throws SluiceError `SLUICE_ERR_QUEUE_FULL` names the limit
 */
export async function writeCounted(documents: DocumentStore, asked: CountedWrite): Promise<boolean> {
  const { scope, writes, more, limits } = asked
  const name = { kind: KIND, id: hash('sha256', scope).slice(0, 40) }
  for (let version: number | undefined; ;) {
    const found = await documents.read(name)
    const after = found?.version ?? 0
    // Nobody has written it in between: it was another document that is not as it was.
    if (after === version) return false
    version = after
    const usage = sumOf((found?.value as OwnerUsage | undefined) ?? NOTHING, more)
    if (limits) requireWithin(usage, more, limits)
    const isNothing = Object.values(usage).every((count) => count === 0)
    const write = {
      ...name,
      after,
      value: { ...usage },
      place: { scope, state: 'counted' },
      ...(isNothing && { forgetInMs: FORGET_MS }),
    }
    if ((await documents.write([...writes, write])).is === 'ok') return true
  }
}

/** What an owner has. */
export async function usageOf(documents: DocumentStore, scope: string): Promise<OwnerUsage> {
  const found = await documents.read({ kind: KIND, id: hash('sha256', scope).slice(0, 40) })
  return (found?.value as OwnerUsage | undefined) ?? NOTHING
}

function sumOf(usage: OwnerUsage, more: Partial<OwnerUsage>): OwnerUsage {
  const sum = (name: keyof OwnerUsage): number => Math.max(0, usage[name] + (more[name] ?? 0))
  return { files: sum('files'), bytes: sum('bytes'), lines: sum('lines'), batches: sum('batches') }
}

const WAYS_OUT: Readonly<Record<keyof OwnerUsage, string>> = {
  files: 'Delete some that you do not need any more',
  bytes: 'Delete files that you do not need any more',
  lines: 'Wait until another batch is over',
  batches: 'Wait until one is over, or cancel one',
}

const WHAT: Readonly<Record<keyof OwnerUsage, string>> = {
  files: 'files',
  bytes: 'bytes in files',
  lines: 'lines in batches that are not over',
  batches: 'batches that are not over',
}

/** In the words of OpenAI's errors. */
const CODES: Readonly<Record<keyof OwnerUsage, string>> = {
  files: 'file_limit_exceeded',
  bytes: 'storage_limit_exceeded',
  lines: 'line_limit_exceeded',
  batches: 'batch_limit_exceeded',
}

function requireWithin(usage: OwnerUsage, more: Partial<OwnerUsage>, limits: OwnerUsage): void {
  for (const name of ['files', 'bytes', 'batches', 'lines'] as const) {
    if ((more[name] ?? 0) <= 0 || usage[name] <= limits[name]) continue
    const message = `One owner may have ${limits[name]} ${WHAT[name]}, which is what limits.${name} allows. ${WAYS_OUT[name]}.`
    throw new SluiceError('SLUICE_ERR_QUEUE_FULL', message, {
      status: 429,
      extra: { error: { message, type: 'rate_limit_error', code: CODES[name] } },
    })
  }
}
