import { fromBinary, toJson } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import { SessionResponseSchema } from '@sluice/grpc/v1'
import type { Json, StreamEvent } from '@sluice/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { EventEncoder } from '../../src/message/event-encoder.ts'
import { JSON_LEVELS, toStruct, toValue } from '../../src/message/json-value.ts'
import { measureMessage } from '../../src/message/measure-message.ts'

const ID = 'a'.repeat(26)
const MANY = { jsonMembers: 1e6, jsonNames: 1e6 }

function nested(levels: number, inObjects: boolean): Json {
  let value: Json = 1
  for (let level = 0; level < levels; level++) value = inObjects ? { v: value } : [value]
  return value
}

/** Every place of an event where a source's JSON may stand. */
const PLACES: Record<string, (json: Json) => StreamEvent> = {
  'a tool result': (result) => ({ type: 'tool', phase: 'result', id: 't', result }),
  data: (data) => ({ type: 'data', name: 'n', data }),
  'the extra of a text': (extra) => ({ type: 'text', text: 'x', extra: { extra } }),
  'the extra of usage': (extra) => ({ type: 'usage', usage: { inputTokens: 1, extra: { extra } } }),
  'the extra of an error': (extra) => ({
    type: 'end',
    reason: 'error',
    complete: false,
    usage: { extra: { extra } },
    error: { code: 'SLUICE_ERR_BACKEND', message: 'm', extra: { extra } },
  }),
} as Record<string, (json: Json) => StreamEvent>

test.each(Object.entries(PLACES))(
  '%s, however deep, makes a message that every parser takes: 100 levels, entries of maps included',
  (_, event) => {
    fc.assert(
      fc.property(fc.nat(600), fc.boolean(), (levels, inObjects) => {
        const bytes = new EventEncoder().encode([{ event: event(nested(levels, inObjects)), epoch: 1, seq: 1 }])
        expect(() => measureMessage(SessionResponseSchema, bytes, MANY)).not.toThrow()
        expect(fromBinary(SessionResponseSchema, bytes).events).toHaveLength(1)
      }),
    )
  },
)

test('so does meta', () => {
  const meta = { v: nested(600, true) }
  const opened = { type: 'opened', id: ID, cursor: `${ID}.1.0`, meta } as const
  const bytes = new EventEncoder().open({ opened, resumeState: undefined as never, mode: 'start', ended: false })
  expect(() => measureMessage(SessionResponseSchema, bytes, MANY)).not.toThrow()
  expect(fromBinary(SessionResponseSchema, bytes).events).toHaveLength(1)
})

/** What was meant, of what a message carries. */
function restored(value: Json, levels: number): Json {
  if (levels === 0) return typeof value === 'string' ? (JSON.parse(value) as Json) : value
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item: Json) => restored(item, levels - 1))
  return Object.fromEntries(Object.entries(value).map(([name, inside]) => [name, restored(inside as Json, levels - 1)]))
}

test('nothing is lost: what is nested deeper stands there as its JSON text, and all else as it is', () => {
  const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)) as Json)
  fc.assert(
    fc.property(json, fc.integer({ min: 0, max: 60 }), fc.boolean(), (inner, levels, inObjects) => {
      const deep = JSON.parse(
        JSON.stringify(nested(levels, inObjects)).replace('1', JSON.stringify(inner).replaceAll('$', '$$$$')),
      ) as Json
      const carried = toJson(ValueSchema, toValue(deep)!) as Json
      if (levels + 5 <= JSON_LEVELS) expect(carried).toEqual(deep)
      else if (levels > JSON_LEVELS) expect(restored(carried, JSON_LEVELS)).toEqual(deep)
    }),
  )
  expect(toStruct({ a: undefined, b: [1], ['__proto__']: 2 })).toEqual(JSON.parse('{"b":[1],"__proto__":2}'))
})
