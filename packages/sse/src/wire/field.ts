import { SluiceError } from '@sluice/core'

/** What one SSE event may hold. Whatever is left out is not written. */
export interface SseFields {
  /** Becomes the client's last event id: 1 to 256 of `A-Z a-z 0-9 _ . : -`. */
  id?: string | undefined
  /** The event's type, in the same alphabet. A client that is given none says `message`. */
  event?: string | undefined
  /** Any text; each of its lines becomes a `data:` line. */
  data?: string | undefined
  /** How long a client waits before it reconnects, in milliseconds: an integer, 0 or more. */
  retry?: number | undefined
  /** A comment, which clients ignore. Line ends and NUL become spaces. */
  comment?: string | undefined
}

const NAME = /^[A-Za-z0-9_.:-]{1,256}$/
const LINE_END = /\r\n|\r|\n/
const HAS_LINE_END = /[\r\n]/
// oxlint-disable-next-line no-control-regex -- NUL is what must not pass
const UNSAFE_IN_COMMENT = /[\r\n\0]/g
const SHOWN_CHARS = 64

/**
 * Writes one SSE event, blank line included: the one place where text becomes SSE fields, safe for any input. Returns
 * the empty string when there is nothing to write.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION` when `id`, `event` or `retry` is not what the format can carry
 *
 * @example
 * ```ts
 * formatSseEvent({ id: '7', data: 'two\nlines' }) // 'id: 7\ndata: two\ndata: lines\n\n'
 * ```
 */
export function formatSseEvent({ id, event, data, retry, comment }: SseFields): string {
  let out = ''
  if (comment !== undefined) out += comment === '' ? ':\n' : `: ${comment.replace(UNSAFE_IN_COMMENT, ' ')}\n`
  if (retry !== undefined) out += `retry: ${assertRetry(retry)}\n`
  if (id !== undefined) out += `id: ${assertSseName('id', id)}\n`
  if (event !== undefined) out += `event: ${assertSseName('event', event)}\n`
  if (data !== undefined) out += formatData(data)
  return out === '' ? '' : `${out}\n`
}

/** Returns `value` when it can stand in an `id:` or `event:` field, else throws `SLUICE_ERR_OPTION`. */
export function assertSseName(field: 'id' | 'event', value: string): string {
  if (NAME.test(value)) return value
  const shown = JSON.stringify(value.slice(0, SHOWN_CHARS)) + (value.length > SHOWN_CHARS ? '…' : '')
  throw new SluiceError(
    'SLUICE_ERR_OPTION',
    `The SSE field "${field}" must be 1 to 256 of A-Z a-z 0-9 _ . : - and is ${shown}. Put other text into "data".`,
  )
}

function assertRetry(value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new SluiceError(
    'SLUICE_ERR_OPTION',
    `The SSE field "retry" must be an integer of milliseconds, 0 or more, and is ${String(value)}.`,
  )
}

function formatData(data: string): string {
  if (!HAS_LINE_END.test(data)) return `data: ${data}\n`
  return `data: ${data.split(LINE_END).join('\ndata: ')}\n`
}
