import { type ChunkingPolicy, type ClosedCode, fixed, immediate, type ReaderOptions } from '@sluice/core'
import { formatCursor, type Wire, type WireBytes } from '@sluice/core/extend'
import { createCollectingSink } from '@sluice/testing'

import { type EventScript, eventScripts, scriptNamed } from './event-scripts.ts'
import { ADA, ID, type PlayedStream, startScript } from './played-stream.ts'
import { describeRecorded } from './recorded-vectors.ts'

/** The writes of each reading of a stream, by what is special about the reading; joined, the parts of a write are its bytes. */
export type Readings = Record<string, readonly Write[]>
/** In parts, so that a change of one line is a change of one line in what is recorded. */
export type Write = readonly string[]

/** One of each sort: with and without a cursor, with a shape and with a status of its own. */
const CLOSED_CODES: readonly ClosedCode[] = ['draining', 'trimmed', 'rotate', 'unauthorized']

/** How a wire is read: as a reader whose clients want ids, where they need not. */
export interface WireBytesOptions extends ReaderOptions {
  ids?: boolean
}

/** Compares all that a wire writes into a sink with what was recorded in this file. */
export function describeWireBytes(file: string, wire: Wire, options: WireBytesOptions = {}): void {
  describeRecorded(
    file,
    new Map([
      ...eventScripts.map((script) => [script.name, () => readScript(script, wire, options)] as const),
      ['closed', () => readClosed(wire, options)] as const,
    ]),
  )
}

async function readScript(script: EventScript, wire: Wire, { ids, ...options }: WireBytesOptions): Promise<Readings> {
  const played = await startScript(script, wire, options)
  const readings: Record<string, () => readonly Write[]> = {
    'immediate()': await read(played, { wire, ids, chunking: immediate() }),
    'fixed({ tokens: 4 })': await read(played, { wire, ids, chunking: fixed({ tokens: 4 }) }),
  }
  await played.play()
  const { resumeAfter: after } = script
  if (after !== undefined) {
    // Who comes with an id wants ids.
    readings[`after ${after}, continued`] = await read(played, { wire, after, ids: true, continues: true })
    readings[`after ${after}, from the middle`] = await read(played, { wire, after, ids: true, continues: false })
    await played.runtime.flush()
  }
  return Object.fromEntries(Object.entries(readings).map(([name, writes]) => [name, writes()]))
}

async function readClosed(wire: Wire, { ids, ...options }: WireBytesOptions): Promise<Readings> {
  const readings: Readings = {}
  for (const code of CLOSED_CODES) {
    const played = await startScript(scriptNamed('text'), wire, options)
    const sink = createCollectingSink()
    const { stream } = played
    stream.deliver(sink, { wire, ids, chunking: immediate() })
    await played.playTurn()
    stream.detach(code)
    readings[code] = sink.writes.map((bytes) => linesOf(bytes, stream.id))
  }
  return readings
}

interface ReadingOptions {
  wire: Wire
  chunking?: ChunkingPolicy
  ids?: boolean | undefined
  after?: number
  continues?: boolean
}

/** Begins another reading of a stream; the function that it gives tells what has been written. */
async function read(
  { sluice, stream: { id } }: PlayedStream,
  { after, ...options }: ReadingOptions,
): Promise<() => readonly Write[]> {
  const cursor = after === undefined ? undefined : formatCursor(id, 1, after)
  const stream = await sluice.attach({ id }, { as: ADA, after: cursor })
  const sink = createCollectingSink()
  stream.deliver(sink, { chunking: immediate(), ...options })
  return () => sink.writes.map((bytes) => linesOf(bytes, id))
}

/** Text in lines, each with its line feed. */
function linesOf(bytes: WireBytes, id: string): Write {
  const text = typeof bytes === 'string' ? bytes : new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  return text.replaceAll(id, ID).split(/(?<=\n)/)
}
