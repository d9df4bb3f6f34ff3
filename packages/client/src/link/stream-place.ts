import type { LinkRequest } from './link.ts'

type Where = Pick<LinkRequest, 'start' | 'url'>
const STREAMS = /\/streams([/?].*)?$/

/** Where a stream can be read over HTTP: below the `streams` that the request names. */
export function streamAt({ start, url }: Where, id: string): string {
  return (url ?? start!.url).replace(STREAMS, `/streams/${id}`)
}

/** The `ws` beside the `streams` that the request names. */
export function socketUrl({ start, url }: Where): string {
  return (url ?? start!.url).replace(/^http/, 'ws').replace(STREAMS, '/ws')
}

/** What stands for the stream in its address: its id, or a cursor. */
export function nameIn(url: string): string {
  return decodeURIComponent(url.slice(url.lastIndexOf('/') + 1))
}
