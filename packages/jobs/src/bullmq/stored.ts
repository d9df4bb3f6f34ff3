import type { Json } from '@sluice/core'

import type { StoredDocument } from '../documents/document-store.ts'
import { storeError } from './store-error.ts'

const HEAD = /^(\d+) (\d+) [01] (-?\d+) (\d+) \S+ \S+ (\S+) ([^]*)$/

/** Documents of a reply: id, head and value of each. @throws SluiceError `SLUICE_ERR_STORE` for what no script of ours writes */
export function storedDocuments(kind: string, reply: readonly string[]): StoredDocument[] {
  const documents: StoredDocument[] = []
  for (let index = 0; index < reply.length; index += 3)
    documents.push(storedDocument(kind, reply[index]!, reply[index + 1]!, reply[index + 2]!))
  return documents
}

function storedDocument(kind: string, id: string, head: string, value: string): StoredDocument {
  const [, version, lease, priority, created, state, scope] = HEAD.exec(head) ?? []
  if (state === undefined || scope === undefined) throw foreign()
  return {
    kind,
    id,
    scope: scopeIn(scope),
    state,
    priority: Number(priority),
    version: Number(version),
    lease: Number(lease),
    value: valueIn(value),
    createdAtMs: Number(created),
  }
}

/** A scope as Redis can keep it, which takes UTF-8: no two scopes are kept as one. */
export function keptScope(scope: string): string {
  return scope.isWellFormed() ? `=${scope}` : `~${JSON.stringify(scope)}`
}

function scopeIn(kept: string): string {
  if (kept.startsWith('=')) return kept.slice(1)
  const scope = valueIn(kept.slice(1))
  if (typeof scope === 'string') return scope
  throw foreign()
}

function valueIn(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch (error) {
    throw foreign(error)
  }
}

function foreign(cause?: unknown): Error {
  return storeError('what is under its keys is not what was written', cause)
}
