import { SluiceError } from '@sluice/core'
import { parseCursor } from '@sluice/core/extend'

import type { ClientMessageOf } from '../message/client-message.ts'
import type { Reading } from './reading.ts'
import type { SocketParts } from './socket-parts.ts'

/** Messages to one source that may wait: were it all that a socket may have pending, one that is slow would starve the others. */
const MAX_WAITING = 16

/** Leaves a reading, or all that this socket has of a stream. */
export async function detach(parts: SocketParts, message: ClientMessageOf<'detach'>): Promise<void> {
  const { ref, stream } = message
  const { readings } = parts
  const found = stream === undefined ? [readings.get(ref)] : readings.of(parseCursor(stream).streamId)
  const leaving = found.filter((reading) => reading !== undefined)
  const past = readings.past(ref)
  // It was over before the client knew of it.
  if (leaving.length === 0 && past)
    return parts.lane.say({ type: 'detached', ref, stream: past.id, cursor: past.cursor })
  if (leaving.length === 0) throw new SluiceError('SLUICE_ERR_NOT_FOUND', 'This socket reads no such stream.')
  for (const reading of leaving) leave(parts, reading, ref)
}

function leave({ lane, readings }: SocketParts, reading: Reading, ref: string | undefined): void {
  const { stream } = reading
  reading.left = true
  const cursor = stream?.position
  if (stream) stream.detach()
  else readings.leave(reading)
  lane.say({ type: 'detached', ref: ref ?? reading.ref, stream: stream?.id, cursor })
}

/** Whether the same is being carried out: one answer is for both. */
export function isUnderWay({ readings }: SocketParts, { ref, stream }: ClientMessageOf<'cancel'>): boolean {
  return stream === undefined && readings.get(ref)?.cancelling === true
}

/** Ends a stream for everyone, wherever its data flows. What crosses the end of its reading is answered with that end. */
export async function cancel(parts: SocketParts, message: ClientMessageOf<'cancel'>): Promise<void> {
  const { ref, stream } = message
  const reading = stream === undefined ? parts.readings.get(ref) : undefined
  if (reading) reading.cancelling = true
  try {
    const id = await targetOf(parts, message)
    const { end, cursor } = await parts.options.sluice.cancel({ id }, { as: parts.admitted.principal })
    parts.lane.say({ type: 'cancelled', ref, stream: id, cursor, end })
  } finally {
    if (reading) reading.cancelling = false
  }
}

/** Gives a message to the stream's source. */
export async function send(parts: SocketParts, message: ClientMessageOf<'send'>): Promise<void> {
  const reading = message.stream === undefined ? parts.readings.get(message.ref) : undefined
  if (reading && reading.waiting >= MAX_WAITING) throw tooManyWaiting()
  if (reading) reading.waiting++
  try {
    const id = await targetOf(parts, message)
    await parts.options.sluice.send({ id }, message.message, { as: parts.admitted.principal })
    parts.lane.say({ type: 'sent', ref: message.ref, stream: id })
  } finally {
    if (reading) reading.waiting--
  }
}

/** Grants credit to a reading: of this socket, or, by name, of any other transport. How many were found is told whoever named one. */
export async function ack(parts: SocketParts, message: ClientMessageOf<'ack'>): Promise<void> {
  const { cursor, credit, reader, ref, rttMs, paintRate } = message
  const { streamId } = parseCursor(cursor)
  const names = reader === undefined ? namesOf(parts, ref, streamId) : [reader]
  const how = { as: parts.admitted.principal, credit, report: { rttMs, paintRate } }
  const acks = await Promise.all(names.map((name) => parts.options.sluice.ack({ cursor }, { ...how, reader: name })))
  if (reader === undefined) return
  parts.lane.say({ type: 'acked', ref, stream: streamId, readers: acks[0]!.readers })
}

function namesOf({ readings }: SocketParts, ref: string | undefined, streamId: string): string[] {
  const ours = readings.of(streamId)
  // What arrives after the end was sent before the client knew of it: nothing to complain of.
  return ours.filter((reading) => ref === undefined || reading.ref === ref).map(({ name }) => name)
}

/** The stream that is named, or that of the reading that is. */
async function targetOf(
  { readings }: SocketParts,
  { ref, stream }: { ref?: string | undefined; stream?: string | undefined },
): Promise<string> {
  if (stream !== undefined) return parseCursor(stream).streamId
  const reading = readings.get(ref)
  const id = reading ? (await reading.begun)?.id : readings.past(ref)?.id
  if (id !== undefined) return id
  throw new SluiceError('SLUICE_ERR_NOT_FOUND', 'This socket reads no such stream.')
}

function tooManyWaiting(): SluiceError {
  const message = 'The source has not taken your earlier messages yet; try again later.'
  return new SluiceError('SLUICE_ERR_OVERLOADED', message, { retryAfterMs: 1_000 })
}
