/* oxlint-disable vitest/no-conditional-expect -- a model says what is to be expected */
import { createSluice, isSluiceError } from '@sluice/core'
import { formatCursor, isStreamId, Log, parseCursor, placeCursor } from '@sluice/core/extend'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cursorError } from '../../src/log/cursor-place.ts'
import { check, createVirtualRuntime, hostileText } from '../rig/core-rig.ts'

const position = fc.oneof(fc.nat({ max: 40 }), fc.maxSafeNat())
const id = fc
  .array(fc.constantFrom(...'abcxyzABC0189_-'), { minLength: 1, maxLength: 64 })
  .map((letters) => letters.join(''))

/** Strings that are cursors, nearly are, or are anything. */
const anyCursor: fc.Arbitrary<string> = fc.oneof(
  fc.tuple(id, position, position).map(([streamId, epoch, seq]) => formatCursor(streamId, epoch, seq)),
  id,
  hostileText(),
  fc.string({ unit: 'binary' }),
  fc
    .tuple(id, fc.constantFrom('.', '..', ' ', ''), fc.constantFrom('1', '01', '-1', '1e3', '0x1', '٣', ' 1', '1.0'))
    .map(([streamId, dot, digits]) => `${streamId}${dot}${digits}.1`),
  fc.nat({ max: 400 }).map((length) => `a.1.${'9'.repeat(length)}`),
)

describe('contract 1, cursors', () => {
  test('what is formatted is parsed to the same', () =>
    check(
      fc.property(id, position, position, (streamId, epoch, seq) => {
        expect(parseCursor(formatCursor(streamId, epoch, seq))).toEqual({ streamId, epoch, seq })
      }),
    ))

  test('any string is a cursor with one spelling, a bare id, or refused with a typed error', () =>
    check(
      fc.property(anyCursor, (text) => {
        try {
          const { streamId, epoch, seq } = parseCursor(text)
          expect(isStreamId(streamId)).toBe(true)
          expect([formatCursor(streamId, epoch, seq), ...(epoch === 0 && seq === 0 ? [streamId] : [])]).toContain(text)
        } catch (error) {
          if (!isSluiceError(error)) throw error
          expect(error).toMatchObject({ code: 'SLUICE_ERR_CURSOR_MALFORMED', status: 400 })
        }
      }),
    ))
})

interface History {
  log: Log
  /** Epoch in which each event was written; index 0 is seq 1. */
  epochs: number[]
}

/** A log that was written over a few epochs, some of it trimmed, perhaps ended. */
const histories: fc.Arbitrary<History> = fc
  .record({
    runs: fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 5 }),
    retentionBytes: fc.constantFrom(64, 256, 1024 * 1024),
    ended: fc.boolean(),
  })
  .map(({ runs, retentionBytes, ended }) => {
    const log = new Log('stream', 1, { retentionBytes })
    const epochs: number[] = []
    for (const [index, count] of runs.entries()) {
      log.epoch = index + 1
      for (let event = 0; event < count; event++) {
        log.append('0123456789')
        epochs.push(log.epoch)
      }
    }
    if (ended) {
      log.append({ type: 'end', reason: 'stop', complete: true })
      epochs.push(log.epoch)
    }
    return { log, epochs }
  })

/** The table of design.md, section 6, spelled out. */
function expectedPlace({ log, epochs }: History, epoch: number, seq: number): string {
  if (seq > epochs.length || epoch > log.epoch) return 'ahead'
  if (seq < log.firstSeq - 1) return 'trimmed'
  if (seq > 0 && epochs[seq - 1] !== epoch) return 'superseded'
  return seq === epochs.length ? 'atEnd' : 'within'
}

describe('I18, the cursor table', () => {
  test('every position in every log has its one documented place', () =>
    check(
      fc.property(histories, fc.nat({ max: 7 }), fc.nat({ max: 70 }), (history, epoch, seq) => {
        expect(placeCursor(history.log, { streamId: 'stream', epoch, seq })).toBe(expectedPlace(history, epoch, seq))
      }),
      { numRuns: 10_000 },
    ))

  test.each([
    ['within', undefined],
    ['atEnd', undefined],
    ['ahead', 409],
    ['superseded', 409],
    ['trimmed', 410],
  ] as const)('a cursor that is %s is answered with %s', (place, status) => {
    expect(cursorError(place)?.status).toBe(status)
  })

  test('attach gives every string one typed answer, whatever the state of the stream', () =>
    check(
      fc.asyncProperty(
        fc.record({ texts: fc.array(fc.constant('0123456789'.repeat(20)), { maxLength: 20 }), ended: fc.boolean() }),
        fc.oneof(anyCursor, fc.tuple(position, position)),
        fc.boolean(),
        async ({ texts, ended }, asked, asRef) => {
          const runtime = createVirtualRuntime()
          const stream = {
            onDisconnect: 'continue',
            windowBytes: 64,
            maxEventBytes: 256,
            retentionBytes: 1024,
          } as const
          const sluice = createSluice({ runtime, stream })
          const { id: own } = await sluice.start(
            async function* () {
              yield texts
              if (!ended) await new Promise(() => {})
            },
            { as: 'server' },
          )
          await runtime.flush()
          const text = typeof asked === 'string' ? asked : formatCursor(own, ...asked)
          const attached = asRef
            ? sluice.attach({ cursor: text }, { as: 'server' })
            : sluice.attach({ id: own }, { as: 'server', after: text })
          const { status } = await attached.then(
            () => ({ status: 200 }),
            (error: unknown) => {
              if (isSluiceError(error)) return error
              throw error
            },
          )
          const expected = expectedStatuses(text, own, asRef)
          expect(expected).toContain(status)
        },
      ),
    ))
})

function expectedStatuses(text: string, own: string, asRef: boolean): number[] {
  let streamId: string
  try {
    streamId = parseCursor(text).streamId
  } catch {
    return [400]
  }
  if (streamId === own) return [200, 409, 410]
  return asRef ? [404] : text === 'now' ? [200] : [400]
}
