import { isSluiceError } from '@sluice/core'
import { check } from '@sluice/testing'
import { type ClientMessage, parseClientMessage } from '@sluice/websocket'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const ref = fc.string({ minLength: 1, maxLength: 64 })
const stream = fc.string({ minLength: 1, maxLength: 256 })
const name = fc.string({ minLength: 1, maxLength: 128 })
const credit = fc.integer({ min: 0, max: 2 ** 52 })
const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)) as never)
const body = fc.dictionary(
  fc.string().filter((key) => key !== '__proto__'),
  json,
  { noNullPrototype: true },
)

function message<Type extends ClientMessage['type']>(type: Type, fields: object, optional: object = {}) {
  return fc.record(
    { type: fc.constant(type), ...fields, ...optional },
    {
      requiredKeys: ['type', ...Object.keys(fields)] as never,
    },
  )
}

const messages = fc.oneof(
  message('start', { ref, body }, { name, credit, idempotencyKey: stream }),
  message('attach', { ref, stream }, { after: stream, name, credit, sluice: body }),
  message('attach', { ref, cursor: stream }, { name, credit }),
  message('attach', { ref, key: stream }, { after: stream }),
  message('detach', { ref }, { stream }),
  message('cancel', { stream }, { ref }),
  message('ack', { cursor: stream, credit }, { ref, reader: name }),
  message('send', { stream, message: json }, { ref }),
  message('ping', {}, { ref }),
  message('authenticate', { ticket: name }, { ref }),
)

const safe = (value: unknown): boolean => !JSON.stringify(value).includes('__proto__')

test('whatever a message may be is understood as it was said', () =>
  check(
    fc.property(messages.filter(safe), (said) => {
      expect(parseClientMessage(JSON.stringify(said))).toEqual(said)
    }),
  ))

test('any other text is refused with SLUICE_ERR_REQUEST, and with nothing else', () =>
  check(
    fc.property(fc.oneof(fc.string(), fc.json(), fc.json({ maxDepth: 10 })), (text) => {
      try {
        parseClientMessage(text)
        throw new Error('was taken')
      } catch (error) {
        if (!isSluiceError(error)) throw error
        expect(error.code).toBe('SLUICE_ERR_REQUEST')
      }
    }),
  ))

test('a message with a field too many is refused, whatever its name', () =>
  check(
    fc.property(messages.filter(safe), fc.string(), (said, extra) => {
      fc.pre(
        !(extra in said) &&
          !['ref', 'stream', 'name', 'credit', 'after', 'reader', 'cursor', 'key', 'idempotencyKey', 'sluice'].includes(
            extra,
          ),
      )
      const text = JSON.stringify(said).replace(/\}$/, `,${JSON.stringify(extra)}:1}`)
      expect(() => parseClientMessage(text)).toThrow(expect.objectContaining({ code: 'SLUICE_ERR_REQUEST' }))
    }),
  ))

test('a message of too many members is refused before it is parsed, and the error names the limit', () => {
  const limits = { jsonMembers: 5, jsonNames: 4 }
  // Cut off, so that a parser would find something else wrong with it.
  expect(() => parseClientMessage('{"type":"send","ref":"1","message":[1,2,3,4', limits)).toThrow(/bodies\.jsonMembers/)
  expect(() => parseClientMessage('{"type":"send","ref":"1","a":1,"b":2,"c":3', limits)).toThrow(/bodies\.jsonNames/)
  expect(parseClientMessage('{"type":"ping","ref":"1"}', limits)).toEqual({ type: 'ping', ref: '1' })
})
