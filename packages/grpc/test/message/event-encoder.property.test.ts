import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { EventSchema, SessionResponseSchema, StartResponseSchema } from '@sluice/grpc/v1'
import type { StreamEvent } from '@sluice/core'
import type { Entry } from '@sluice/core/extend'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { EventEncoder } from '../../src/message/event-encoder.ts'
import { sessionMessage } from '../../src/message/session-message.ts'

const ID = 'a'.repeat(26)

function encoderAt(options: ConstructorParameters<typeof EventEncoder>[0] = {}): EventEncoder {
  const encoder = new EventEncoder(options)
  encoder.open({
    opened: { type: 'opened', id: ID, cursor: `${ID}.1.0`, meta: {} },
    resumeState: undefined as never,
    mode: 'start',
    ended: false,
  })
  return encoder
}

const entryOf = (event: StreamEvent, seq = 1, epoch = 1): Entry => ({ event, epoch, seq })

describe('the encoder', () => {
  test('writes text by hand exactly as protobuf writes it', () => {
    const positive = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), positive, positive, (text, seq, epoch) => {
        const bytes = encoderAt().encode([entryOf({ type: 'text', text }, seq, epoch)])
        const expected = create(StartResponseSchema, {
          events: [create(EventSchema, { cursor: `${ID}.${epoch}.${seq}`, event: { case: 'text', value: text } })],
        })
        expect(Buffer.from(bytes).equals(toBinary(StartResponseSchema, expected))).toBe(true)
      }),
    )
  })

  test('makes chunks whose bytes, joined anywhere, are one message of all their events', () => {
    const event = fc.oneof(
      fc.record({ type: fc.constant('text' as const), text: fc.string({ unit: 'grapheme' }), choice: fc.nat(2) }),
      fc.record({ type: fc.constant('reasoning' as const), text: fc.string({ unit: 'grapheme' }) }),
      fc.record({ type: fc.constant('data' as const), name: fc.string({ minLength: 1 }), data: fc.jsonValue() }),
    )
    fc.assert(
      fc.property(fc.array(fc.array(event, { minLength: 1, maxLength: 5 }), { maxLength: 5 }), (chunks) => {
        const encoder = encoderAt()
        const bytes = chunks.map((chunk) =>
          encoder.encode(chunk.map((one, index) => entryOf(one as StreamEvent, index))),
        )
        const { events } = fromBinary(StartResponseSchema, Buffer.concat(bytes))
        expect(events.map((one) => one.event.case)).toEqual(chunks.flat().map(({ type }) => type))
        const alone = chunks.flatMap((chunk) =>
          chunk.map((one, index) => {
            const encoded = encoderAt().encode([entryOf(one as StreamEvent, index)])
            return fromBinary(StartResponseSchema, encoded as Uint8Array).events[0]
          }),
        )
        expect(events).toEqual(alone)
      }),
    )
  })

  test('tells of its end, and in a session says it with the last events', () => {
    const encoder = encoderAt({
      suffix: (over) => sessionMessage(7, over && { over: { code: 0, message: '' } }),
    })
    const first = fromBinary(
      SessionResponseSchema,
      encoder.encode([entryOf({ type: 'text', text: 'x' })]) as Uint8Array,
    )
    expect(first).toMatchObject({ stream: 7, events: [{ event: { value: 'x' } }] })
    expect(first.over).toBeUndefined()
    expect(encoder.over).toBeUndefined()
    const end = entryOf({ type: 'end', reason: 'stop', complete: true }, 2)
    const last = fromBinary(SessionResponseSchema, encoder.encode([end]) as Uint8Array)
    expect(last).toMatchObject({ stream: 7, over: { code: 0 } })
    expect(encoder.over).toBe(end.event)
  })

  test('shows what the store does not have yet without a cursor', () => {
    const bytes = encoderAt().encode([{ ...entryOf({ type: 'text', text: 'x' }), withheld: true }])
    expect(fromBinary(StartResponseSchema, bytes as Uint8Array).events[0]).toMatchObject({ cursor: '' })
  })

  test('beats with an event that means nothing', () => {
    const { events } = fromBinary(StartResponseSchema, encoderAt().heartbeat() as Uint8Array)
    expect(events.map(({ event }) => event.case)).toEqual(['heartbeat'])
  })
})
