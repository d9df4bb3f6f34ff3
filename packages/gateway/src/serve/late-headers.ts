import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'

/**
 * Puts headers of the backend's answer on an answer of ours, as long as that has not begun. Where the backend is asked
 * again, those of its last answer stand.
 */
export function createLateHeaders(response: ServerResponse): (headers: OutgoingHttpHeaders) => void {
  const own = response.getHeader('vary')
  let before: readonly string[] = []
  return (headers) => {
    if (response.headersSent) return
    // Ours are written over it.
    for (const name of before) response.removeHeader(name)
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) response.setHeader(name, value)
    before = Object.keys(headers)
    const vary = [own, headers.vary].filter((value) => value !== undefined)
    if (vary.length > 0) response.setHeader('vary', vary.join(', '))
  }
}
