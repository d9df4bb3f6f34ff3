import { createSluice, isSluiceError, type Sluice, type SluiceError, type SluiceOptions } from '@sluice/core'
import type { Encoder, Entry, Wire } from '@sluice/core/extend'
import { type CollectingSink, createVirtualRuntime, type VirtualRuntime } from '../../../testing/src/index.ts'

export * from '../../../testing/src/index.ts'

/** A sluice whose time moves only when told to. */
export interface Rig {
  runtime: VirtualRuntime
  sluice: Sluice
}

/** Makes a sluice on a virtual clock. */
export function createRig(options: SluiceOptions = {}): Rig {
  const runtime = createVirtualRuntime()
  return { runtime, sluice: createSluice({ runtime, ...options }) }
}

/** What one write of {@link plainWire} held. */
export interface PlainChunk {
  kind: 'opened' | 'chunk' | 'closed' | 'heartbeat'
  entries: Entry[]
  code?: string
  cursor?: string
}

const line = (value: object): string => `${JSON.stringify(value)}\n`

function plainEncoder(): Encoder {
  return {
    open: () => '',
    encode: (chunk) => line({ kind: 'chunk', entries: chunk }),
    closed: ({ code, cursor }) => line({ kind: 'closed', entries: [], code, cursor }),
    heartbeat: () => line({ kind: 'heartbeat', entries: [] }),
  }
}

/** A wire on which one chunk is one line of JSON and one write. */
export const plainWire: Wire = {
  name: 'plain',
  contentType: 'application/x-ndjson',
  resumable: true,
  create: plainEncoder,
}

/** What a sink was sent over {@link plainWire}, write by write. */
export function chunksOf(sink: Pick<CollectingSink, 'writes'>): PlainChunk[] {
  return sink.writes.map((write) => JSON.parse(String(write)) as PlainChunk)
}

/** Text of choice 0 in what a sink was sent. */
export function textOf(sink: Pick<CollectingSink, 'writes'>): string {
  return chunksOf(sink)
    .flatMap(({ entries }) => entries)
    .map(({ event }) => (event.type === 'text' && !event.choice ? event.text : ''))
    .join('')
}

/** The error that `action` throws or rejects with, which must be a typed one. */
export async function sluiceErrorOf(action: () => unknown): Promise<SluiceError> {
  try {
    await action()
  } catch (error) {
    if (isSluiceError(error)) return error
    throw new Error(`An untyped error: ${String(error)}`, { cause: error })
  }
  throw new Error('Nothing was thrown')
}

/** The code of the typed error that a promise rejects with, or `ok`. */
export const codeOf = (act: Promise<unknown>): Promise<string> =>
  act.then(
    () => 'ok',
    (error: unknown) => (isSluiceError(error) ? error.code : String(error)),
  )

/** Whether a promise has settled, `ms` later. */
export async function settlesWithin(runtime: VirtualRuntime, ms: number, promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  const settle = (): void => void (settled = true)
  promise.then(settle, settle)
  await runtime.advance(ms)
  return settled
}

/** A virtual runtime that throws, instead of hanging the process, when its clock is read for ever at one instant. */
export function createGuardedRuntime(startMs: number): VirtualRuntime {
  const runtime = createVirtualRuntime({ startMs, maxTasksPerInstant: 500 })
  const { now } = runtime
  let atMs = startMs
  let reads = 0
  runtime.now = () => {
    const nowMs = now()
    reads = nowMs === atMs ? reads + 1 : 0
    atMs = nowMs
    if (reads > 10_000) throw new Error(`the clock was read ${reads} times at ${nowMs} ms: a loop that never ends`)
    return nowMs
  }
  return runtime
}
