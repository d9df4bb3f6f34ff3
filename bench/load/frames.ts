import type { LoadConnection } from './connection.ts'
import type { Dialect } from '../traffic/dialect.ts'
import type { Arrival, ReceivedStream } from './received.ts'

const HEAD_END = '\r\n\r\n'
const TEXT = 0x81

/** Takes apart what a socket said: head, frames, and the text in those of one stream. */
export function readFrames(connection: LoadConnection, { mine }: Dialect): ReceivedStream {
  const { bytes } = connection
  const arrivals: Arrival[] = []
  let text = ''
  let events = 0
  let complete = false
  let read = 0
  for (let at = bytes.indexOf(HEAD_END) + HEAD_END.length; at + 2 <= bytes.length;) {
    const { start, end } = frameAt(bytes, at)
    if (end > bytes.length) break
    const payload = bytes.toString('latin1', start, end)
    const isText = bytes[at] === TEXT
    at = end
    if (!isText || !payload.includes(mine)) continue
    events++
    const message = messageOf(payload)
    complete = message.complete === true
    if (message.text === undefined) continue
    text += message.text
    while (connection.readEnds[read]! < end) read++
    arrivals.push({ textLength: text.length, atUs: connection.readUs[read]! })
  }
  const status = Number(bytes.toString('latin1', 9, 12)) === 101 ? 200 : 0
  return { status, text, arrivals, lastEventId: undefined, complete, events }
}

function frameAt(bytes: Buffer, at: number): { start: number; end: number } {
  const short = bytes[at + 1]! & 0x7f
  if (short < 126) return { start: at + 2, end: at + 2 + short }
  if (at + 10 > bytes.length) return { start: at, end: Infinity }
  if (short === 126) return { start: at + 4, end: at + 4 + bytes.readUInt16BE(at + 2) }
  return { start: at + 10, end: at + 10 + Number(bytes.readBigUInt64BE(at + 2)) }
}

function messageOf(payload: string): { text?: string; complete?: boolean } {
  if (!payload.startsWith('42')) return JSON.parse(payload) as { text?: string; complete?: boolean }
  const [, message] = JSON.parse(payload.slice(2)) as [string, { text?: string; complete?: boolean }]
  return message
}
