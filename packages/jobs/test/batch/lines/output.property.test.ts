import { check } from '@sluice/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import {
  isSuccess,
  type LineResult,
  LineSplitter,
  newLineId,
  openAiLine,
  readOutputLine,
  vllmLine,
} from '../../../src/batch.ts'

const texts = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1 }),
  fc.constantFrom('a\u2028b', 'a\nb', '"', '\u0085'),
)
/** JSON as backends write it: on one line, or on many. */
const bodies = fc
  .tuple(fc.dictionary(texts, fc.oneof(texts, fc.jsonValue({ maxDepth: 2 }))), fc.constantFrom(undefined, 2, '\r\n'))
  .filter(([value]) => !Object.hasOwn(value, '__proto__') && !JSON.stringify(value).includes('__proto__'))
  .map(([value, indent]) => JSON.stringify(value, null, indent))
const results: fc.Arbitrary<LineResult> = fc.oneof(
  fc.record({
    customId: texts,
    statusCode: fc.constantFrom(200, 201, 299, 300, 400, 429, 500),
    requestId: fc.oneof(texts, fc.constant(null)),
    body: bodies,
  }),
  fc.record({ customId: texts, error: fc.record({ code: texts, message: texts }) }),
)

const FORMS = { openAiLine, vllmLine }

describe.each(Object.entries(FORMS))('%s', (name, write) => {
  test('is one line to every reader, and the reader of outputs finds in it what became of the request', async () => {
    await check(
      fc.property(results, (result) => {
        const text = write(result)
        expect(text.slice(0, -1)).not.toMatch(/[\n\r\u0085\u2028\u2029]/)
        const lines = new LineSplitter().push(Buffer.from(text))
        expect(lines).toHaveLength(1)
        const read = readOutputLine(lines[0]!.bytes)!
        expect(read).toMatchObject({ customId: result.customId, ok: isSuccess(result) })
        if ('error' in result) expect(read.error).toEqual(result.error)
        else {
          expect(read.statusCode).toBe(result.statusCode)
          if (result.requestId !== null) expect(read.requestId).toBe(result.requestId)
          if (isSuccess(result) || name === 'openAiLine') expect(read.body).toEqual(JSON.parse(result.body))
        }
      }),
    )
  })
})

test("OpenAI's form", () => {
  expect(openAiLine({ id: 'batch_req_1', customId: 'a', statusCode: 200, requestId: 'req_1', body: '{"n":1.0}' })).toBe(
    '{"id":"batch_req_1","custom_id":"a","response":{"status_code":200,"request_id":"req_1","body":{"n":1.0}},"error":null}\n',
  )
  const error = { code: 'batch_expired', message: 'It was not done in time.' }
  expect(openAiLine({ id: 'batch_req_2', customId: 'b', error })).toBe(
    '{"id":"batch_req_2","custom_id":"b","response":null,"error":{"code":"batch_expired","message":"It was not done in time."}}\n',
  )
  expect(openAiLine({ customId: 'a', statusCode: 200, requestId: null, body: '{\n"a": "\u2028"\r\n}' })).toMatch(
    /^\{"id":"batch_req_[0-9a-f]{32}","custom_id":"a","response":\{"status_code":200,"request_id":null,"body":\{ "a": "\\u2028" {2}\}\},"error":null\}\n$/,
  )
  expect(newLineId()).not.toBe(newLineId())
})

test("vLLM's form", () => {
  expect(vllmLine({ id: 'vllm-1', customId: 'a', statusCode: 200, requestId: null, body: '{}' })).toBe(
    '{"id":"vllm-1","custom_id":"a","response":{"status_code":200,"request_id":"vllm-1","body":{}},"error":null}\n',
  )
  expect(
    vllmLine({ id: 'vllm-1', customId: 'a', statusCode: 400, requestId: 'r', body: '{"message":"too long"}' }),
  ).toBe(
    '{"id":"vllm-1","custom_id":"a","response":{"status_code":400,"request_id":"r","body":null},"error":{"message":"too long"}}\n',
  )
  expect(vllmLine({ id: 'vllm-1', customId: 'a', error: { code: 'timeout', message: 'No answer.' } })).toBe(
    '{"id":"vllm-1","custom_id":"a","response":{"status_code":502,"request_id":"vllm-1","body":null},"error":{"code":"timeout","message":"No answer."}}\n',
  )
})

describe('outputs that others wrote', () => {
  const read = (text: string): unknown => readOutputLine(Buffer.from(text))

  test.each([
    [
      '{"custom_id":"a","response":null,"error":"no such model"}',
      { customId: 'a', ok: false, error: { message: 'no such model' } },
    ],
    [
      '{"id":"vllm-1","custom_id":"a","response":{"status_code":400,"request_id":"r","body":null},"error":{"object":"error","message":"too long","type":"BadRequestError","param":null,"code":400}}',
      { customId: 'a', ok: false, statusCode: 400, requestId: 'r', error: { code: '400', message: 'too long' } },
    ],
    [
      '{"custom_id":"a","response":{"status_code":404,"request_id":"r","body":null},"error":{"error":{"message":"no model","type":"NotFoundError","code":null}}}',
      {
        customId: 'a',
        ok: false,
        statusCode: 404,
        requestId: 'r',
        error: { code: 'NotFoundError', message: 'no model' },
      },
    ],
    [
      '{"custom_id":"a","response":{"status_code":200,"request_id":"r","body":{"x":1}}}',
      { customId: 'a', ok: true, statusCode: 200, requestId: 'r', body: { x: 1 } },
    ],
    [
      '{"custom_id":"a","response":{"status_code":200,"request_id":"r","body":{}},"error":"but"}',
      { customId: 'a', ok: false, statusCode: 200, requestId: 'r', body: {}, error: { message: 'but' } },
    ],
  ])('%s', (text, expected) => {
    expect(read(text)).toEqual(expected)
  })

  test.each([
    '',
    '{"custom_id":"a","respo',
    '[]',
    '{"custom_id":"","error":"x"}',
    '{"custom_id":"a","response":null,"error":null}',
    '\u0000',
  ])('is no line of an output: %j', (text) => {
    expect(read(text)).toBeUndefined()
  })

  test('no part of a line is taken for it', async () => {
    await check(
      fc.property(results, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (result, part) => {
        const bytes = Buffer.from(openAiLine(result).slice(0, -1))
        expect(readOutputLine(bytes.subarray(0, Math.floor(part * bytes.length)))).toBeUndefined()
      }),
      { numRuns: 200 },
    )
  })
})
