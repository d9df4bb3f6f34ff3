import type { GrpcLoadConnection } from './grpc-connection.ts'
import type { Arrival, ReceivedStream } from './received.ts'

const EVENTS = 1
const TEXT = 4
const END = 14
const COMPLETE = 2

/** Takes the responses of a `Start` call apart: length-prefixed messages, the events in them, and their text. */
export function readGrpcResponse(connection: GrpcLoadConnection): ReceivedStream {
  const { bytes, readUs, readEnds, status } = connection
  const arrivals: Arrival[] = []
  let text = ''
  let events = 0
  let complete = false
  let read = 0
  for (let at = 0; at + 5 <= bytes.length;) {
    const end = at + 5 + bytes.readUInt32BE(at + 1)
    if (end > bytes.length) break
    for (const event of fieldsOf(bytes, at + 5, end)) {
      if (event.number !== EVENTS) continue
      events++
      for (const { number, from, to } of fieldsOf(bytes, event.from, event.to)) {
        if (number === TEXT) text += bytes.toString('latin1', from, to)
        if (number === END) complete = [...fieldsOf(bytes, from, to)].some((field) => field.number === COMPLETE)
      }
    }
    at = end
    while (readEnds[read]! < end) read++
    arrivals.push({ textLength: text.length, atUs: readUs[read]! })
  }
  return { status: status === 0 ? 200 : 500, text, arrivals, lastEventId: undefined, complete, events }
}

/** Numbers and places of a message's fields; a number's own varint is its value's place. */
function* fieldsOf(
  bytes: Buffer,
  start: number,
  end: number,
): Generator<{ number: number; from: number; to: number }, void, undefined> {
  for (let at = start; at < end;) {
    const tag = varintAt(bytes, at)
    const value = varintAt(bytes, tag.to)
    const to = tag.value % 8 === 2 ? value.to + value.value : value.to
    yield { number: Math.floor(tag.value / 8), from: value.to, to }
    at = to
  }
}

function varintAt(bytes: Buffer, at: number): { value: number; to: number } {
  let value = 0
  for (let place = at, factor = 1; ; place++, factor *= 128) {
    const byte = bytes[place]!
    value += (byte & 0x7f) * factor
    if (byte < 0x80) return { value, to: place + 1 }
  }
}
