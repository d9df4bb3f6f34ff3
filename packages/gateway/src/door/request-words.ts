import type { IncomingMessage } from 'node:http'

/** A header, its values in one where it came several times. */
export function headerOf({ headers }: Pick<IncomingMessage, 'headers'>, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

/** Without its query, which may hold a ticket. */
export function pathOf({ url = '' }: Pick<IncomingMessage, 'url'>): string {
  const mark = url.search(/[?#]/)
  return mark < 0 ? url : url.slice(0, mark)
}
