import { create, fromBinary, type JsonObject, toBinary } from '@bufbuild/protobuf'
import { Code, type ConnectError } from '@connectrpc/connect'
import { StartRequestSchema } from '@sluice/grpc/v1'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { measureMessage } from '../../src/message/measure-message.ts'

const MANY = { jsonMembers: 250_000, jsonNames: 10_000 }

function refusalOf(bytes: Uint8Array, limits = MANY): string | undefined {
  try {
    measureMessage(StartRequestSchema, bytes, limits)
    return undefined
  } catch (error) {
    expect(error).toMatchObject({ code: Code.InvalidArgument })
    return (error as ConnectError).rawMessage
  }
}

function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return Object.values(value).reduce<number>((sum, inside) => sum + 1 + membersOf(inside), 0)
}

const input = fc.dictionary(fc.string({ maxLength: 3 }), fc.jsonValue({ maxDepth: 4 }), {
  maxKeys: 6,
}) as fc.Arbitrary<JsonObject>
const startOf = (value: JsonObject): Uint8Array =>
  toBinary(StartRequestSchema, create(StartRequestSchema, { input: value, key: 'k' }))

test('a message counts as many members as its JSON has, however it is nested, and no more are decoded than may be', () => {
  fc.assert(
    fc.property(input, (value) => {
      const members = membersOf(value)
      const bytes = startOf(value)
      expect(refusalOf(bytes, { ...MANY, jsonMembers: Math.max(1, members) })).toBeUndefined()
      if (members > 1) expect(refusalOf(bytes, { ...MANY, jsonMembers: members - 1 })).toContain('bodies.jsonMembers')
      const names = Object.keys(value).length
      if (names > 1) expect(refusalOf(bytes, { ...MANY, jsonNames: 1 })).toContain('bodies.jsonNames')
    }),
    { numRuns: 500 },
  )
})

test('whatever comes is taken or refused as no message; what is taken decodes to no more members than may be', () => {
  const bytes = fc.tuple(input, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 })).map(([value, changes]) => {
    const written = Uint8Array.from(startOf(value))
    for (const [place, byte] of changes) written[place % written.length] = byte
    return written
  })
  fc.assert(
    fc.property(fc.oneof(bytes, fc.uint8Array({ maxLength: 60 })), (written) => {
      if (refusalOf(written, { jsonMembers: 8, jsonNames: 3 }) !== undefined) return
      let decoded
      try {
        decoded = fromBinary(StartRequestSchema, written)
      } catch {
        return
      }
      expect(membersOf(decoded.input)).toBeLessThanOrEqual(8)
      expect(decoded.$unknown?.length ?? 0).toBeLessThanOrEqual(8)
    }),
    { numRuns: 3_000 },
  )
})

test.each([
  ['a message', [0x08, 4, 0x0a, 2, 0x0a, 0]],
  ['a text', [0x10, 1]],
  ['a number', [0x1a, 1, 0]],
] as const)('%s that is written as something else is no message: decoders read on as if it were', (_, bytes) => {
  expect(refusalOf(Uint8Array.from(bytes))).toContain('not the message')
})

test.each([
  ['fields that nobody knows', Uint8Array.from({ length: 60 }, (_, index) => (index % 2 === 0 ? 0xf8 - 0x80 : 1))],
  ['one field that is repeated', Buffer.alloc(400, Uint8Array.of(0x18, 1))],
] as const)('%s count too: each takes memory or time', (_, bytes) => {
  expect(refusalOf(bytes, { jsonMembers: 20, jsonNames: 20 })).toContain('bodies.jsonMembers')
})
