import { SluiceError } from '@sluice/core'
import { parseCursor } from '@sluice/core/extend'

import type { ClientMessageOf } from '../message/client-message.ts'
import type { Reading } from './reading.ts'
import type { SocketParts } from './socket-parts.ts'

/** Leaves a reading, or all that this socket has of a stream. */
export async function detach(parts: SocketParts, message: ClientMessageOf<'detach'>): Promise<void> {
  const { ref, stream } = message
  const { readings } = parts
  const found = stream === undefined ? [readings.get(ref)] : readings.of(parseCursor(stream).streamId)
  const leaving = found.filter((reading) => reading !== undefined)
  if (leaving.length === 0) throw new SluiceError('SLUICE_ERR_NOT_FOUND', 'This socket reads no such stream.')
  for (const reading of leaving) leave(parts, reading, ref)
}

function leave({ lane, readings }: SocketParts, reading: Reading, ref: string | undefined): void {
  const { stream } = reading
  reading.left = true
  const cursor = stream?.position
  if (stream) stream.detach()
  else readings.delete(reading)
  lane.say({ type: 'detached', ref: ref ?? reading.ref, stream: stream?.id, cursor })
}

/** Ends a stream for everyone, wherever its data flows. */
export async function cancel(parts: SocketParts, message: ClientMessageOf<'cancel'>): Promise<void> {
  const { sluice } = parts.options
  const as = parts.admitted.principal
  const id = await targetOf(parts, message)
  const { end, cursor } = await sluice.cancel({ id }, { as })
  parts.lane.say({ type: 'cancelled', ref: message.ref, stream: id, cursor, end })
}

/** Gives a message to the stream's source. */
export async function send(parts: SocketParts, message: ClientMessageOf<'send'>): Promise<void> {
  const id = await targetOf(parts, message)
  await parts.options.sluice.send({ id }, message.message, { as: parts.admitted.principal })
  parts.lane.say({ type: 'sent', ref: message.ref, stream: id })
}

/** Grants credit to a reading: of this socket, or, by name, of any other transport. */
export async function ack(parts: SocketParts, message: ClientMessageOf<'ack'>): Promise<void> {
  const { cursor, credit, reader, ref } = message
  const names = reader === undefined ? namesOf(parts, ref, parseCursor(cursor).streamId) : [reader]
  const as = parts.admitted.principal
  await Promise.all(names.map((name) => parts.options.sluice.ack({ cursor }, { as, reader: name, credit })))
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
  const begun = await readings.get(ref)?.begun
  if (begun) return begun.id
  throw new SluiceError('SLUICE_ERR_NOT_FOUND', 'This socket reads no such stream.')
}
