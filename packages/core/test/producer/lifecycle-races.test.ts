import {
  createSluice,
  type EndEvent,
  type OnDisconnect,
  type Sluice,
  type StreamEvent,
  type TokenStream,
} from '@sluice/core'
import { describe, expect, test } from 'vitest'
import { createVirtualRuntime, type VirtualRuntime } from '../rig/core-rig.ts'

const SERVER = { as: 'server' } as const
const GRACE_MS = 15_000
const OFF = { firstTokenMs: false, idleMs: false, totalMs: false } as const
const ACTIONS = ['cancel', 'complete', 'fail', 'detach', 'grace', 'attach'] as const
type Action = (typeof ACTIONS)[number]

function* sequences(length: number): Generator<Action[]> {
  if (length === 0) return yield []
  for (const rest of sequences(length - 1)) for (const action of ACTIONS) yield [...rest, action]
}

interface Reading {
  stream: TokenStream
  events: StreamEvent[]
  detached: boolean
  failed: unknown
}

/** One stream with a source that ends when told to, and everyone who reads it. */
class Scene {
  readonly runtime: VirtualRuntime = createVirtualRuntime()
  readonly readings: Reading[] = []
  readonly ended: EndEvent[] = []
  readonly waits: Promise<EndEvent>[] = []
  readonly sluice: Sluice
  signal: AbortSignal | undefined
  #settle: { complete: () => void; fail: (error: Error) => void } | undefined
  id = ''

  constructor(onDisconnect: OnDisconnect) {
    const observers = [{ ended: (_: unknown, { end }: { end: EndEvent }) => void this.ended.push(end) }]
    const stream = { onDisconnect, deadlines: OFF }
    this.sluice = createSluice({ runtime: this.runtime, stream, observers })
  }

  async begin(): Promise<void> {
    const give = (signal: AbortSignal): void => void (this.signal = signal)
    const told = new Promise<void>((resolve, reject) => (this.#settle = { complete: resolve, fail: reject }))
    told.catch(() => {})
    const stream = await this.sluice.start(async function* ({ signal }) {
      give(signal)
      const cut = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
      })
      cut.catch(() => {})
      yield 'begun'
      await Promise.race([told, cut])
      yield ' done'
    }, SERVER)
    this.id = stream.id
    this.#read(stream)
    await this.runtime.flush()
  }

  do(action: Action): void {
    if (action === 'cancel') void this.sluice.cancel({ id: this.id }, SERVER)
    else if (action === 'complete') this.#settle!.complete()
    else if (action === 'fail') this.#settle!.fail(new Error('the source failed'))
    else if (action === 'attach') void this.sluice.attach({ id: this.id }, SERVER).then((stream) => this.#read(stream))
    else if (action === 'detach') {
      for (const reading of this.readings) {
        reading.detached = true
        reading.stream.detach()
      }
    }
  }

  #read(stream: TokenStream): void {
    const reading: Reading = { stream, events: [], detached: false, failed: undefined }
    this.readings.push(reading)
    this.waits.push(stream.ended)
    const read = async (): Promise<void> => {
      for await (const event of stream) reading.events.push(event)
    }
    read().catch((error: unknown) => (reading.failed = error))
  }

  /** What everyone must agree on once all is over. */
  async assertSound(): Promise<EndEvent> {
    const { runtime, sluice, id } = this
    await sluice.cancel({ id }, SERVER)
    await runtime.flush()
    const { end } = await sluice.info({ id }, SERVER)
    const { text } = await sluice.transcript({ id }, SERVER)
    for (const other of await Promise.all(this.waits)) if (other !== end) throw new Error('`ended` differs')
    if (this.ended.length !== 1 || this.ended[0] !== end) throw new Error(`${this.ended.length} ends were observed`)
    for (const { events, detached, failed } of this.readings) {
      if (failed) throw new Error('a reading failed', { cause: failed })
      const ends = events.filter(({ type }) => type === 'end')
      if (ends.length > 1 || (ends.length === 1 && events.at(-1) !== end)) throw new Error('a reader saw another end')
      if (ends.length === 0 && !detached) throw new Error('a reader saw no end')
      const read = events.map((event) => (event.type === 'text' ? event.text : '')).join('')
      if (detached ? !text.startsWith(read) : read !== text) throw new Error(`a reader saw ${read} of ${text}`)
    }
    if (this.signal!.aborted === end!.complete) throw new Error(`aborted: ${this.signal!.aborted}`)
    if (end!.complete && !text.endsWith('done')) throw new Error(`complete: ${end!.complete} after ${text}`)
    if (sluice.stats().producing !== 0) throw new Error('the place in the limits was kept')
    await runtime.advance(2 * 3_600_000)
    const left = [sluice.stats().pending, runtime.pendingTimers, runtime.pendingDeferred, sluice.stats().store.streams]
    if (left.some((count) => count !== 0)) throw new Error(`left behind: ${left.join()}`)
    return end!
  }
}

/** The rules of contract 3, 8 and 9, one action at a time: why the stream ends, if it does. */
function expectedCause(onDisconnect: OnDisconnect, actions: readonly Action[]): string {
  let readers = 1
  for (const action of actions) {
    if (action === 'cancel') return 'client'
    if (action === 'complete') return 'complete'
    if (action === 'fail') return 'source'
    if (action === 'attach') readers++
    if (action === 'detach' && readers > 0) {
      readers = 0
      if (onDisconnect === 'cancel') return 'disconnect'
    }
    if (action === 'grace' && readers === 0 && typeof onDisconnect === 'object') return 'disconnect'
  }
  return 'client'
}

async function play(onDisconnect: OnDisconnect, actions: readonly Action[], oneTurn: boolean): Promise<void> {
  const scene = new Scene(onDisconnect)
  await scene.begin()
  for (const action of actions) {
    if (action === 'grace') await scene.runtime.advance(GRACE_MS)
    else scene.do(action)
    if (!oneTurn) await scene.runtime.flush()
  }
  await scene.runtime.flush()
  const end = await scene.assertSound()
  const cause = end.complete ? 'complete' : end.cause
  const expected = expectedCause(onDisconnect, actions)
  if (!oneTurn && cause !== expected) throw new Error(`ended by ${cause}, not by ${expected}`)
}

async function playAll(onDisconnect: OnDisconnect, maxLength: number, oneTurn: boolean): Promise<number> {
  let count = 0
  for (let length = 0; length <= maxLength; length++) {
    for (const actions of sequences(length)) {
      count++
      await play(onDisconnect, actions, oneTurn).catch((error: unknown) => {
        throw new Error(`after ${actions.join(', ')}: ${String(error)}`, { cause: error })
      })
    }
  }
  return count
}

describe.each<[OnDisconnect, number]>([
  [{ graceMs: GRACE_MS }, 5],
  ['cancel', 4],
  ['continue', 4],
])('contract 3, 8, 9: under %j', (onDisconnect, maxLength) => {
  test('one action a turn, in every order: one end, for the first reason, and nothing is left', async () => {
    expect(await playAll(onDisconnect, maxLength, false)).toBeGreaterThan(1000)
  })

  test('several actions in one turn, in every order: one end that all agree on, and nothing is left', async () => {
    expect(await playAll(onDisconnect, 4, true)).toBeGreaterThan(1000)
  })
})
