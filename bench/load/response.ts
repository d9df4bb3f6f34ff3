import type { Arrival, ReceivedStream } from './received.ts'
import type { LoadConnection } from './connection.ts'
import { type Data, type EventRead, readData } from './event-data.ts'
import { readFrames } from './frames.ts'

const HEAD_END = '\r\n\r\n'

/** Takes a response apart: head, chunks, SSE events, and the text in them, on whatever wire it is. */
export function readResponse(connection: LoadConnection): ReceivedStream {
  const { dialect } = connection.request
  if (dialect) return readFrames(connection, dialect)
  // All of it is ASCII here, so places in the string are places in the bytes.
  const raw = connection.bytes.toString('latin1')
  const status = Number(raw.slice(9, 12))
  const { body, arrivalAt } = dechunk(raw, connection)
  const arrivals: Arrival[] = []
  let text = ''
  let events = 0
  let complete = false
  let lastEventId: string | undefined
  for (let start = 0; ;) {
    const end = body.indexOf('\n\n', start)
    if (end === -1) break
    const event = parseEvent(body.slice(start, end))
    if (event) {
      events++
      complete = event.complete
      if (event.id !== undefined) lastEventId = event.id
      if (event.text !== '') {
        text += event.text
        arrivals.push({ textLength: text.length, atUs: arrivalAt(end + 1) })
      }
    }
    start = end + 2
  }
  return { status, text, arrivals, lastEventId, complete, events }
}

/** The body without its framing, and the time at which the byte at a place of it was read; ask for places in order. */
function dechunk(
  raw: string,
  { readUs, readEnds }: LoadConnection,
): { body: string; arrivalAt: (place: number) => number } {
  const pieces: string[] = []
  const bodyEnds: number[] = []
  const shifts: number[] = []
  let length = 0
  for (let at = raw.indexOf(HEAD_END) + HEAD_END.length; at < raw.length;) {
    const lineEnd = raw.indexOf('\r\n', at)
    const size = lineEnd === -1 ? Number.NaN : Number.parseInt(raw.slice(at, lineEnd), 16)
    if (!(size > 0)) break
    const piece = raw.slice(lineEnd + 2, lineEnd + 2 + size)
    shifts.push(lineEnd + 2 - length)
    length += piece.length
    pieces.push(piece)
    bodyEnds.push(length)
    at = lineEnd + 2 + size + 2
  }
  let chunk = 0
  let read = 0
  const arrivalAt = (place: number): number => {
    while (bodyEnds[chunk]! <= place) chunk++
    const rawPlace = place + shifts[chunk]!
    while (readEnds[read]! <= rawPlace) read++
    return readUs[read]!
  }
  return { body: pieces.join(''), arrivalAt }
}

function parseEvent(lines: string): EventRead | undefined {
  let id: string | undefined
  let type = 'message'
  let data: string | undefined
  for (const line of lines.split('\n')) {
    const [, field, value] = /^(id|event|data): ?(.*)$/s.exec(line) ?? []
    if (field === 'id') id = value
    else if (field === 'event') type = value!
    else if (field === 'data') data = data === undefined ? value : `${data}\n${value}`
  }
  if (data === undefined) return undefined
  if (data === '[DONE]') return { text: '', complete: true }
  return { id, ...readData(type, JSON.parse(data) as Data) }
}
