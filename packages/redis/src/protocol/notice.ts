import type { StreamName } from '@sluice/core/extend'

import { foreign } from './foreign.ts'
import { fromStoredJson, toStoredJson } from './stored-json.ts'
import { isCount } from './stored-number.ts'

/** What an instance is notified of about a stream it produces. It is only a wake-up: the truth is in the store. */
export type Notice = StreamName &
  (
    | { about: 'end' | 'erased' | 'inbox' }
    | { about: 'readers'; instance: string; seq: string }
    | { about: 'grant'; reader: string; seq: number }
  )

const WHAT = 'A notice'

/** A stream's name as notices carry it. */
export function nameOf({ tenant, id }: StreamName): string {
  return toStoredJson({ tenant, id })
}

/** The notice of a grant; scripts write the others. */
export function grantNotice({ tenant, id }: StreamName, reader: string, seq: number): string {
  return toStoredJson({ about: 'grant', tenant, id, reader, seq })
}

/** Reads a notice. @throws SluiceError `SLUICE_ERR_STORE` for what is none: somebody else's message does nothing */
export function decodeNotice(message: string): Notice {
  const notice = fromStoredJson(message, WHAT)
  if (isNotice(notice)) return notice
  throw foreign(WHAT, 'it is about nothing that is known, or a member of it is missing')
}

function isNotice(value: unknown): value is Notice {
  if (typeof value !== 'object' || value === null) return false
  const { tenant, id, about, ...more } = value as Record<string, unknown>
  if (typeof tenant !== 'string' || typeof id !== 'string') return false
  switch (about) {
    case 'end':
    case 'erased':
    case 'inbox':
      return true
    case 'readers':
      return typeof more.instance === 'string' && typeof more.seq === 'string' && isPosition(more.seq)
    case 'grant':
      return typeof more.reader === 'string' && isCount(more.seq)
    default:
      return false
  }
}

/** Where a reader is; an empty text means that there is none any more. */
function isPosition(seq: string): boolean {
  return seq === '' || (/^\d{1,16}$/.test(seq) && isCount(Number(seq)))
}
