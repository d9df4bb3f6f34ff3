import type { SluiceError, StreamEvent } from '@sluice/core'

import { ClientError } from '../errors/client-error.ts'
import type { LinkListener } from './link.ts'

type Members = Record<string, unknown>

/** The member that an event of a type must have, a text or a truth: a part that lacks it is no such event. */
const NEEDS: Readonly<Record<StreamEvent['type'], string>> = {
  text: 'text',
  reasoning: 'text',
  refusal: 'text',
  tool: '',
  data: '',
  usage: '',
  finish: '',
  // A cut stream must not look complete, whatever it says besides.
  end: 'complete',
}

/**
 * Tells `listener` what one message of a native wire says. Types that are not known are passed over, but for their cursor.
 *
 * @throws SluiceError `SLUICE_ERR_PARSE` for what is no message
 */
export function tellMessage(listener: LinkListener, type: string, members: Members, cursor: string | undefined): void {
  if (type === 'opened') {
    const { id, stream, cursor: begins, meta } = members
    if (typeof begins !== 'string') throw noMessage(type)
    listener.learned({ id: String(id ?? stream), meta: meta as Members })
    return listener.said({ type, cursor: begins })
  }
  if (type === 'closed') {
    const at = members.cursor
    return listener.said({ type, code: String(members.code), cursor: typeof at === 'string' ? at : undefined })
  }
  if (!Object.hasOwn(NEEDS, type)) return listener.said({ type: 'alive' })
  const member = NEEDS[type as StreamEvent['type']]
  if (member && typeof members[member] !== (type === 'end' ? 'boolean' : 'string')) throw noMessage(type)
  listener.event({ ...members, type } as StreamEvent, cursor)
}

/** The members of a message. @throws SluiceError `SLUICE_ERR_PARSE` */
export function parseMembers(type: string, text: string): Members {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw noMessage(type)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw noMessage(type)
  return value as Members
}

/** The error for what is no message. */
export function noMessage(type: string): SluiceError {
  return new ClientError('SLUICE_ERR_PARSE', `"${type.slice(0, 40)}" is no message of sluice.`)
}
