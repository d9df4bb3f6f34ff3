import type { StreamName } from '@sluice/core/extend'

/** What an instance is notified of about a stream it produces. It is only a wake-up: the truth is in the store. */
export type Notice = StreamName &
  (
    | { about: 'end' | 'erased' | 'inbox' }
    | { about: 'readers'; instance: string; seq: string }
    | { about: 'grant'; reader: string; seq: number }
  )

/** A stream's name as notices carry it. */
export function nameOf({ tenant, id }: StreamName): string {
  return JSON.stringify({ tenant, id })
}

/** `undefined` for what is no notice: somebody else's message does nothing. */
export function parseNotice(message: string): Notice | undefined {
  try {
    const notice = JSON.parse(message) as Notice
    return typeof notice.id === 'string' && typeof notice.about === 'string' ? notice : undefined
  } catch {
    return undefined
  }
}
