import { type ChunkingPolicy, immediate } from '@sluice/core'
import { parseCursor, type Wire } from '@sluice/core/extend'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  check,
  createCollectingSink,
  createRig,
  createScriptedSource,
  type PlainChunk,
  plainWire,
} from '../rig/core-rig.ts'

/** Where code of a reading's own throws: at which call of it, and whether its last words fail too. */
interface Fault {
  in: 'take' | 'create' | 'open' | 'encode'
  atCall: number
  mute: boolean
}

const faults: fc.Arbitrary<Fault> = fc.record({
  in: fc.constantFrom('take' as const, 'create' as const, 'open' as const, 'encode' as const),
  atCall: fc.integer({ min: 1, max: 6 }),
  mute: fc.boolean(),
})

/** `act`, which throws at one of its calls. */
function breaking<Args extends unknown[], Result>(
  act: (...args: Args) => Result,
  { atCall }: Fault,
): (...args: Args) => Result {
  let calls = 0
  return (...args) => {
    if (++calls >= atCall) throw new Error('own fault')
    return act(...args)
  }
}

function policyWith(fault: Fault | undefined): ChunkingPolicy {
  const take = (): number => 1
  if (fault?.in === 'take') return { name: 'faulty', maxDelayMs: 10, take: breaking(take, fault) }
  if (fault?.in === 'create') {
    return { name: 'faulty', maxDelayMs: 10, create: breaking(() => ({ take }), { ...fault, atCall: 1 }) }
  }
  return immediate()
}

/** Each line says which reading it is of. */
function wireOf(reading: number, fault: Fault | undefined): Wire {
  return {
    ...plainWire,
    create(facts, options) {
      const plain = plainWire.create(facts, options)
      const label = (line: string): string => (line === '' ? '' : `${reading} ${line}`)
      const encoder = {
        ...plain,
        open: (start: Parameters<typeof plain.open>[0]) => label(String(plain.open(start))),
        encode: (chunk: Parameters<typeof plain.encode>[0]) => label(String(plain.encode(chunk))),
        closed: (notice: Parameters<typeof plain.closed>[0]) => {
          if (fault?.mute) throw new Error('not even that')
          return label(String(plain.closed(notice)))
        },
      }
      if (fault?.in === 'open') encoder.open = breaking(encoder.open, { ...fault, atCall: 1 })
      if (fault?.in === 'encode') encoder.encode = breaking(encoder.encode, fault)
      return encoder
    },
  }
}

function linesOf(text: string, reading: number): PlainChunk[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${reading} `))
    .map((line) => JSON.parse(line.slice(line.indexOf(' '))) as PlainChunk)
}

const seqsOf = (lines: readonly PlainChunk[]): number[] => lines.flatMap(({ entries }) => entries.map(({ seq }) => seq))

describe('contract 2, 6: what throws in a policy or an encoder', () => {
  test('ends its own reading, with closed: failed after the last event that was written; whoever shares the connection has all of it', async () => {
    const property = fc.asyncProperty(
      fc.array(fc.option(faults, { nil: undefined }), { minLength: 1, maxLength: 5 }),
      async (given) => {
        const failed: unknown[] = []
        const { runtime, sluice } = createRig({ observers: [{ failed: (_, { error }) => void failed.push(error) }] })
        const sink = createCollectingSink()
        const connection = sluice.connect(sink, { beat: plainWire.create({}, { ids: true }), closeWhenEmpty: false })
        const script = Array.from({ length: 8 }, (_, index) => [{ wait: 10 }, { yield: [`${index}`] }] as const).flat()
        const { source } = createScriptedSource(script, { runtime })
        const stream = await sluice.start(source, { as: 'server', onDisconnect: 'continue' })
        const outcomes: unknown[] = []
        for (const [index, fault] of given.entries()) {
          const reading = await sluice.attach({ id: stream.id }, { as: 'server' })
          const chunking = policyWith(fault)
          const onOver = (outcome: unknown): void => void (outcomes[index] = outcome)
          reading.deliver(sink, { wire: wireOf(index, fault), chunking, connection, onOver })
        }
        await runtime.advance(1_000)

        const whole = Array.from({ length: 9 }, (_, index) => index + 1)
        expect([sink.destroyed, sink.closed]).toEqual([false, false])
        for (const [index, fault] of given.entries()) {
          const lines = linesOf(sink.writes.join(''), index)
          const seqs = seqsOf(lines)
          expect(outcomes[index]).toBe(fault ? 'failed' : 'end')
          expect(seqs).toEqual(whole.slice(0, seqs.length))
          if (!fault) expect(seqs).toEqual(whole)
          else if (!fault.mute) {
            const { kind, code, cursor } = lines.at(-1)!
            expect([kind, code, parseCursor(cursor!).seq]).toEqual(['closed', 'failed', seqs.length])
          }
        }
        expect(failed).toHaveLength(given.filter(Boolean).length)
        connection.close()
        await runtime.advance(60_000)
        expect(sluice.stats()).toMatchObject({ delivering: 0, pending: 0 })
      },
    )
    await check(property, { numRuns: 200 })
  })

  test('cuts a connection of its own: nothing looks complete', async () => {
    const property = fc.asyncProperty(faults, async (fault) => {
      const { runtime, sluice } = createRig()
      const sink = createCollectingSink()
      const script = Array.from({ length: 8 }, (_, index) => [{ wait: 10 }, { yield: [`${index}`] }] as const).flat()
      const { source } = createScriptedSource(script, { runtime })
      const stream = await sluice.start(source, { as: 'server', onDisconnect: 'continue' })
      stream.deliver(sink, { wire: wireOf(0, fault), chunking: policyWith(fault) })
      await runtime.advance(1_000)
      expect([sink.destroyed, sink.closed]).toEqual([true, false])
      expect(stream.end).toMatchObject({ reason: 'stop', complete: true })
    })
    await check(property, { numRuns: 100 })
  })
})
