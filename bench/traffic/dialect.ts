/** How a stream is asked for over WebSocket. */
export interface Dialect {
  /** Path of the request that opens the socket. */
  path(url: string): string
  /** What is said once the server's bytes hold `after`: in this order. */
  readonly talk: readonly { readonly after: string; say(url: string): readonly string[] }[]
  /** The server has opened the stream when its bytes hold this. */
  readonly opened: string
  /** A text of the stream that is checked, and no other, has this in its frame. */
  readonly mine: string
}

/** Names of what can be spoken. */
export type DialectName = 'ws' | 'socket.io' | 'sluice'

const HEAD_END = '\r\n\r\n'

function start(ref: string, url: string, more: object = {}): string {
  return JSON.stringify({ type: 'start', ref, body: { url }, ...more })
}

export const DIALECTS: Readonly<Record<DialectName, Dialect>> = {
  // The address says it all.
  ws: { path: (url) => url, talk: [], opened: '"opened"', mine: '"ref":"s"' },
  'socket.io': {
    path: () => '/socket.io/?EIO=4&transport=websocket',
    talk: [
      { after: '0{"sid"', say: () => ['40'] },
      { after: '40{"sid"', say: (url) => [`42["start",${JSON.stringify(url)}]`] },
    ],
    opened: '42["opened"',
    mine: '42["',
  },
  sluice: {
    path: () => '/',
    talk: [{ after: HEAD_END, say: (url) => [start('s', url)] }],
    opened: '"opened"',
    mine: '"ref":"s"',
  },
}

/** The request that opens a socket. */
export function upgradeRequest(path: string): string {
  return (
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sluice.v1\r\n\r\n'
  )
}

/** A short text frame of a client; a mask of zeros leaves it readable. */
export function clientFrame(text: string): Buffer {
  const payload = Buffer.from(text)
  const head =
    payload.length < 126
      ? [0x81, 0x80 | payload.length]
      : [0x81, 0x80 | 126, payload.length >> 8, payload.length & 0xff]
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), payload])
}
