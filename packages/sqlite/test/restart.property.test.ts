import { type EndEvent, isTextual } from '@sluice/core'
import {
  type Keeping,
  type Logged,
  resolveStreamOptions,
  type StoredStream,
  type StreamFacts,
} from '@sluice/core/extend'
import { check, createVirtualRuntime, RUNS, sourceEvents, type VirtualRuntime } from '@sluice/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { StreamsInFile } from '../src/sqlite-store.ts'
import { copyDirectory } from './rig/crashes.ts'
import { newDirectories } from './rig/directories.ts'
import { instantDisk } from './rig/instant-disk.ts'

const newDirectory = newDirectories()
const STOP: EndEvent = { type: 'end', reason: 'stop', complete: true }
const CUT: EndEvent = { type: 'end', reason: 'cancelled', complete: false, cause: 'client' }
const KEEPING: Keeping = {
  retentionBytes: 1024 * 1024,
  retentionMs: 3_600_000,
  leaseMs: 10_000,
  windowBytes: 64 * 1024,
  durability: 'committed',
}

type Command =
  | { do: 'begin'; key: string | undefined; repeat: string | undefined }
  | { do: 'append'; which: number; events: readonly Logged[] }
  | { do: 'end' | 'close' | 'erase'; which: number }
  | { do: 'pass'; ms: number }
  | { do: 'restart'; killed: boolean }

const which = fc.nat({ max: 8 })
const commands: fc.Arbitrary<Command[]> = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('begin' as const),
        key: fc.constantFrom(undefined, 'k', 'l'),
        repeat: fc.constantFrom(undefined, 'r'),
      }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('append' as const),
        which,
        events: sourceEvents({ maxEvents: 6 }) as fc.Arbitrary<Logged[]>,
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constantFrom('end' as const, 'close' as const, 'erase' as const), which }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat({ max: 15_000 }) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('restart' as const), killed: fc.boolean() }) },
  ),
  { maxLength: 30, size: 'max' },
)

/** A stream, and all that was acknowledged of it. */
interface Known {
  facts: StreamFacts
  events: { event: Logged; epoch: number }[]
  end: EndEvent | undefined
  epoch: number
  erased: boolean
  /** In the process that runs now, if it is produced there. */
  stream: StoredStream | undefined
}

/** What was found is what is known. */
function expectSame(found: unknown, known: unknown): void {
  expect(found).toEqual(known)
}

/** The same of what is known of it. */
function expectLike(found: unknown, known: object): void {
  expect(found).toMatchObject(known)
}

class Comparison {
  readonly runtime: VirtualRuntime = createVirtualRuntime()
  readonly streams: Known[] = []
  directory: string = newDirectory()
  store: StreamsInFile = this.#open()

  #open(): StreamsInFile {
    return new StreamsInFile(this.directory, { runtime: this.runtime, openDisk: instantDisk })
  }

  async step(command: Command): Promise<void> {
    if (command.do === 'pass') return this.runtime.advance(command.ms)
    if (command.do === 'begin') return this.#begin(command.key, command.repeat)
    if (command.do === 'restart') return this.#restart(command.killed)
    const known = this.streams[command.which % Math.max(1, this.streams.length)]
    if (!known || known.erased) return
    if (command.do === 'append') await this.#append(known, command.events)
    else if (command.do === 'end') await this.#append(known, [STOP])
    else await this.#close(known)
    if (command.do !== 'erase') return
    await this.store.erase(known.facts)
    known.erased = true
  }

  async #begin(key: string | undefined, repeat: string | undefined): Promise<void> {
    const facts: StreamFacts = {
      id: `s${this.streams.length}`,
      tenant: 't',
      owner: 'o',
      key,
      meta: {},
      wire: undefined,
      createdAtMs: 0,
      idempotency: repeat === undefined ? undefined : { key: repeat, fingerprint: 'f' },
      options: resolveStreamOptions({}),
    }
    const kept = this.streams.filter(({ erased }) => !erased)
    const repeated = kept.find((each) => repeat !== undefined && each.facts.idempotency?.key === repeat)
    const running = kept.find((each) => key !== undefined && each.facts.key === key && !each.end)
    const begun = await this.store.begin(facts, KEEPING)
    const stands = repeated ?? running
    if (stands) {
      expectLike(begun, { is: repeated ? 'repeated' : 'running', stream: { facts: { id: stands.facts.id } } })
      return
    }
    if (begun.is !== 'new') throw new Error(`the store says: ${begun.is}`)
    this.streams.push({ facts, events: [], end: undefined, epoch: 1, erased: false, stream: begun.stream })
  }

  async #append(known: Known, events: readonly Logged[]): Promise<void> {
    const { stream } = known
    if (!stream || known.end) return
    for (const event of events) stream.log.append(event)
    const seq = stream.log.lastSeq
    while (stream.log.stored < seq) await this.runtime.advance(1)
    known.events.push(...events.map((event) => ({ event, epoch: known.epoch })))
    known.end = events.includes(STOP) ? STOP : undefined
  }

  async #close(known: Known): Promise<void> {
    const seq = known.events.length
    const closing = await this.store.close(known.facts, CUT)
    if (known.end) return expectLike(closing, { is: 'closed', first: false, end: known.end })
    expectSame(closing, { is: 'closed', first: true, end: CUT, epoch: known.epoch + 1, seq: seq + 1 })
    this.#ended(known, CUT)
  }

  #ended(known: Known, end: EndEvent): void {
    known.epoch++
    known.events.push({ event: end, epoch: known.epoch })
    known.end = end
  }

  async #restart(killed: boolean): Promise<void> {
    const before = this.store
    if (killed) this.directory = copyDirectory(this.directory, newDirectory())
    else await before.dispose()
    this.store = this.#open()
    await before.dispose()
    for (const known of this.streams) {
      known.stream = undefined
      if (!known.end && !known.erased) this.#ended(known, interruptedAfter(known))
    }
    await this.compare()
  }

  async compare(): Promise<void> {
    for (const { facts, events, end, epoch, erased } of this.streams) {
      const found = await this.store.find(facts)
      expectSame(found.is, erased ? 'tombstone' : 'stream')
      if (found.is === 'tombstone') expectLike(found.tombstone, { epoch, seq: events.length, end })
      if (found.is !== 'stream') continue
      const { log } = found.stream
      expectSame(found.stream.facts, facts)
      expectSame([log.epoch, log.lastSeq, log.end], [epoch, events.length, end])
      const whole = events.map(({ event, epoch: at }, index) => ({
        event: typeof event === 'string' ? { type: 'text', text: event } : event,
        epoch: at,
        seq: index + 1,
      }))
      expectSame(
        events.map((_, index) => log.read(index, 1)[0]),
        whole,
      )
    }
  }
}

function interruptedAfter({ events }: Known): EndEvent {
  let [usage, tokens]: [object | undefined, number] = [undefined, 0]
  for (const { event } of events) {
    if (typeof event === 'string' || isTextual(event)) tokens++
    else if (event.type === 'usage') usage = event.usage
  }
  const counted = usage ?? { outputTokens: tokens, estimated: true }
  return { type: 'end', reason: 'interrupted', complete: false, cause: 'lease', usage: counted }
}

test('contract 1, 3, 5 and 12: all that was acknowledged is there after any restarts, whether a process was killed or stopped', () => {
  const property = fc.asyncProperty(commands, async (list) => {
    const comparison = new Comparison()
    for (const command of list) await comparison.step(command)
    await comparison.compare()
    await comparison.step({ do: 'restart', killed: true })
    await comparison.step({ do: 'restart', killed: false })
    await comparison.store.dispose()
    expect(comparison.runtime.pendingTimers).toBe(0)
  })
  return check(property, { numRuns: Math.ceil(RUNS / 5) })
})
