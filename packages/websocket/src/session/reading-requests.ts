import {
  type ClientReading,
  parseClientOptions,
  type ReadingOutcome,
  SluiceError,
  type StartOptions,
  type StreamRef,
  type TokenStream,
} from '@sluice/core'
import { CLOSED_CODES, deliverOptionsOf, fingerprintOf, madeInTime, parseClientReading } from '@sluice/core/extend'

import { bodyTextOf, type ClientMessageOf } from '../message/client-message.ts'
import type { Run } from '../handshake/options.ts'
import { Reading } from './reading.ts'
import type { EventMessage } from '../message/server-message.ts'
import type { SocketParts } from './socket-parts.ts'

/** Begins a stream, and its reading. */
export async function start(parts: SocketParts, message: ClientMessageOf<'start'>): Promise<void> {
  const { sluice, run } = parts.options
  const { principal, request, bearer } = parts.admitted
  if (!run) throw new SluiceError('SLUICE_ERR_NOT_FOUND', 'Nothing can be started here.')
  if (parts.draining) throw draining()
  // What is meant for sluice is no part of what the application runs.
  const { sluice: said, ...body } = message.body
  const client = parseClientOptions(said)
  await read(parts, { ...message, asked: client.reading }, async () => {
    const made = await madeInTime(sluice, run(body, { principal, request, bearer, bodyText: bodyTextOf(message) }))
    const { source, ...options }: Run = typeof made === 'function' ? { source: made } : made
    const wire = { name: parts.dialect.wireName, facts: {} }
    const idempotency = await idempotencyOf(message)
    return sluice.start(source, { idempotency, ...client.start, ...options, as: principal, wire })
  })
}

/** What makes a `start` that is sent again, because its answer got lost, the same one. */
async function idempotencyOf({ idempotencyKey, body }: ClientMessageOf<'start'>): Promise<StartOptions['idempotency']> {
  if (idempotencyKey === undefined) return undefined
  // A key belongs to its route: the same one over HTTP is another request.
  return { key: `ws:${idempotencyKey}`, fingerprint: await fingerprintOf(body) }
}

/** Joins a stream, where the client says. */
export async function attach(parts: SocketParts, message: ClientMessageOf<'attach'>): Promise<void> {
  const { stream, cursor = stream, key, after } = message
  const { principal: as } = parts.admitted
  const asked = parseClientReading(message.sluice)
  await read(parts, { ...message, asked }, async () => {
    const ref: StreamRef = cursor === undefined ? { key: await keyOf(parts, key!) } : { cursor }
    return parts.options.sluice.attach(ref, { as, after })
  })
}

async function keyOf({ dialect, admitted }: SocketParts, name: string): Promise<string> {
  return (await dialect.keyOf?.(name, admitted.principal)) ?? name
}

interface AskedReading {
  ref: string
  name?: string | undefined
  credit?: number | undefined
  asked: ClientReading
}

async function read(parts: SocketParts, message: AskedReading, obtain: () => Promise<TokenStream>): Promise<void> {
  const reading = openReading(parts, message)
  try {
    const stream = await obtain()
    // From now on it is a reader: when the client has left meanwhile, the stream learns of it at once.
    stream.hold()
    if (reading.left) stream.detach()
    else deliver(parts, reading, { ...message, stream })
  } finally {
    if (!reading.stream) retire(parts, reading)
    reading.settle()
  }
}

function deliver(
  parts: SocketParts,
  reading: Reading,
  { stream, credit, asked }: AskedReading & { stream: TokenStream },
): void {
  const { ref, name } = reading
  const knewEnd = stream.exhausted
  const wire = parts.dialect.wireOf(ref, () => (reading.opened = true))
  reading.stream = stream
  stream.deliver(parts.sink, {
    ...deliverOptionsOf(asked),
    wire,
    connection: parts.connection,
    name,
    credit,
    onOver(outcome) {
      if (outcome === 'end') sayKnownEnd(parts, reading, knewEnd)
      else sayUnsaid(parts, reading, outcome)
      retire(parts, reading)
    },
  })
}

function retire({ readings, readingOver }: SocketParts, reading: Reading): void {
  readings.delete(reading)
  readingOver()
}

function openReading({ readings, options, socketName }: SocketParts, { ref, name }: AskedReading): Reading {
  if (readings.get(ref)) throw new SluiceError('SLUICE_ERR_REQUEST', 'This "ref" names a reading that is not over.')
  const { maxStreams } = options.limits
  if (readings.places >= maxStreams)
    throw new SluiceError('SLUICE_ERR_TOO_MANY_STREAMS', `One socket carries at most ${maxStreams} streams at once.`)
  const reading = new Reading(ref, name ?? `${socketName}-${ref}`)
  readings.add(reading)
  return reading
}

/** A reading that begins after the end has no event to read: without a word its client would wait for ever. */
function sayKnownEnd({ lane }: SocketParts, { ref, stream }: Reading, knewEnd: boolean): void {
  if (!knewEnd || !stream?.end) return
  lane.say({ ...stream.end, stream: stream.id, ref, cursor: stream.cursor } satisfies EventMessage)
}

/** What the wire would have said of a reading that is over, had it been opened. */
function sayUnsaid({ lane }: SocketParts, { ref, stream, opened }: Reading, outcome: ReadingOutcome): void {
  if (opened || !stream || outcome === 'end' || outcome === 'detached') return
  // There are no polls here.
  if (outcome === 'answered') return
  const cursor = CLOSED_CODES[outcome].resumable ? stream.position : undefined
  lane.say({ type: 'closed', stream: stream.id, ref, code: outcome, cursor })
}

function draining(): SluiceError {
  return new SluiceError('SLUICE_ERR_DRAINING', 'This process is shutting down; start the stream elsewhere.', {
    retryAfterMs: 1_000,
  })
}
