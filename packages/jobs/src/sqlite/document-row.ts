import { crc32 } from 'node:zlib'

import type { Json } from '@sluice/core'
import { damaged, type Row } from '@sluice/sqlite/extend'

import type { StoredDocument } from '../documents/document-store.ts'

/** A document's row, without what it says. */
export interface DocumentHead {
  readonly number: number
  readonly kind: string
  readonly id: string
  /** As the file has it. */
  readonly scope: string
  readonly state: string
  readonly version: number
  readonly lease: number
  readonly held: boolean
  readonly createdAtMs: number
  /** `Infinity`: never. */
  readonly dueAtMs: number
  readonly forgetAtMs: number
}

/** The columns of a {@link DocumentHead}. */
export const HEAD = 'number, kind, id, scope, state, version, lease, held, created_at, due_at, forget_at'

/** A scope as a column has it: no character of it is special. */
export function scopeText(scope: string): string {
  return JSON.stringify(scope)
}

/** What a value is told from another by, when it is read again. */
export function checksumOf(text: string): number {
  return crc32(text)
}

export function headIn(row: Row): DocumentHead {
  return {
    number: Number(row.number),
    kind: String(row.kind),
    id: String(row.id),
    scope: String(row.scope),
    state: String(row.state),
    version: Number(row.version),
    lease: Number(row.lease),
    held: row.held === 1,
    createdAtMs: Number(row.created_at),
    dueAtMs: timeIn(row.due_at),
    forgetAtMs: timeIn(row.forget_at),
  }
}

/** What is given of a row with all its columns. @throws SluiceError `SLUICE_ERR_STORE` for one that is not as it was written */
export function documentIn(row: Row): StoredDocument {
  const { kind, id, state, version, lease, createdAtMs, scope } = headIn(row)
  const { value: text, checksum } = row
  if (typeof text !== 'string' || checksumOf(text) !== checksum)
    throw damaged(`The document ${id} of the kind ${kind}`, 'documents')
  return {
    kind,
    id,
    scope: JSON.parse(scope) as string,
    state,
    priority: Number(row.priority),
    version,
    lease,
    value: JSON.parse(text) as Json,
    createdAtMs,
  }
}

/** A time as a column has it. */
export function timeColumn(atMs: number): number | null {
  return atMs === Infinity ? null : atMs
}

function timeIn(column: Row[string] | undefined): number {
  return typeof column === 'number' ? column : Infinity
}
