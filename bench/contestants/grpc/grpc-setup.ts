import { randomBytes } from 'node:crypto'

/** The source's path in a `StartRequest`: `/<shape>/<stream>`, as over HTTP. */
export function pathIn(input: { readonly [name: string]: unknown } | undefined): string {
  return String(input?.['path'])
}

/** What a server without sluice names its streams: cursors as long as ours. */
export function createCursors(): (seq: number) => string {
  const streamId = randomBytes(13).toString('hex')
  return (seq) => `${streamId}.1.${seq}`
}
