import { describe, expect, test } from 'vitest'

import {
  BatchInput,
  type BatchInputRules,
  type BatchRequest,
  isLineError,
  type LineError,
  LineSplitter,
  requestBody,
} from '../../../src/batch.ts'

const CHAT = '/v1/chat/completions'
const good = (id: unknown, more: object = {}): object => ({
  custom_id: id,
  method: 'POST',
  url: CHAT,
  body: { model: 'm', messages: [] },
  ...more,
})

function take(lines: readonly (object | string)[], rules: BatchInputRules = {}): (BatchRequest | LineError)[] {
  const input = new BatchInput(rules)
  const splitter = new LineSplitter()
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')
  const found = [...splitter.push(Buffer.from(text)), ...splitter.end()].map((line) => input.take(line))
  const end = input.end()
  return end ? [...found, end] : found
}

const errors = (lines: readonly (object | string)[], rules: BatchInputRules = {}): LineError[] =>
  take(lines, rules).filter(isLineError)

test('a good file has its requests, with the lines they stand on', () => {
  const found = take([good('a'), '', good('b', { body: { messages: [] } })])
  expect(found).toMatchObject([
    { line: 1, offset: 0, customId: 'a', url: CHAT, model: 'm' },
    { line: 3, customId: 'b', url: CHAT, model: undefined },
  ])
})

test('a body is sent digit for digit as its line has it', () => {
  const body = '{"seed":9223372036854775807,"temperature":1.0, "messages":["\u2028"]}'
  const [request] = take([`{"body":0,"custom_id":"a","method":"POST","url":"${CHAT}","body":${body}}`])
  expect(requestBody(request as BatchRequest)).toBe(body)
})

describe('each rule has its code, and a message that names the line and the way out', () => {
  test.each([
    ['{', 'invalid_json_line', undefined, 'Line 1 is not JSON. Write one request a line, as a JSON object.'],
    ['[]', 'invalid_json_line', undefined, 'Line 1 is no JSON object. Write one request a line, as an object.'],
    [
      '{"__proto__":{}}',
      'invalid_json_line',
      undefined,
      'Line 1 has a member named "__proto__". Write one request a line, as a JSON object.',
    ],
    [
      good(undefined),
      'missing_custom_id',
      'custom_id',
      'Line 1 has no "custom_id". Give it one: a text that no other line has.',
    ],
    [
      good(''),
      'missing_custom_id',
      'custom_id',
      'Line 1 has no "custom_id". Give it one: a text that no other line has.',
    ],
    [
      good(7),
      'missing_custom_id',
      'custom_id',
      'Line 1 has no "custom_id". Give it one: a text that no other line has.',
    ],
    [good('a', { method: 'GET' }), 'mismatched_method', 'method', 'Line 1 has the "method" "GET". It must be "POST".'],
    [good('a', { method: undefined }), 'mismatched_method', 'method', 'Line 1 has no "method". It must be "POST".'],
    [
      good('a', { url: '/v1/models' }),
      'mismatched_url',
      'url',
      'Line 1 has the "url" "/v1/models". It must be one of /v1/chat/completions, /v1/responses, /v1/messages, /v1/embeddings, /v1/completions.',
    ],
    [
      good('a', { body: [] }),
      'invalid_body',
      'body',
      'Line 1 has no object as "body". Write the request there, as it would be sent.',
    ],
    [
      good('a', { body: null }),
      'invalid_body',
      'body',
      'Line 1 has no object as "body". Write the request there, as it would be sent.',
    ],
    [
      good('a', { body: { stream: true } }),
      'stream_not_allowed',
      'body.stream',
      'Line 1 asks for a stream. A batch has whole answers: leave out "stream".',
    ],
    [good('a', { body: { model: 4 } }), 'invalid_body', 'body.model', 'Line 1 has the "model" 4. It must be a text.'],
  ])('%j: %s', (line, code, param, message) => {
    expect(errors([line])).toEqual([{ code, message, line: 1, ...(param !== undefined && { param }) }])
  })

  test('what two lines have, or have not, alike', () => {
    expect(errors([good('a'), good('b'), '', good('a')])).toEqual([
      {
        code: 'duplicate_custom_id',
        message: 'Line 4 has the "custom_id" "a", as line 1 has. Answers are told apart by it: give each line its own.',
        line: 4,
        param: 'custom_id',
      },
    ])
    expect(errors([good('a', { body: {} }), good('b'), good('c', { body: { model: 'n' } })])).toEqual([
      {
        code: 'mismatched_model',
        message: 'Line 3 has the model "n", while line 2 has "m". A batch has one model: split the file by models.',
        line: 3,
        param: 'body.model',
      },
    ])
    expect(errors([good('a'), good('b', { url: '/v1/embeddings' })])).toEqual([
      {
        code: 'mismatched_url',
        message: `Line 2 has the "url" "/v1/embeddings". It must be "${CHAT}", as that of every line.`,
        line: 2,
        param: 'url',
      },
    ])
    expect(errors([good('a')], { endpoint: '/v1/responses' })).toMatchObject([{ code: 'mismatched_url', line: 1 }])
  })

  test('a file that has nothing, or too much', () => {
    expect(errors(['', ' '])).toEqual([
      { code: 'empty_file', message: 'The file has no lines. Write one request a line, as a JSON object.', line: null },
    ])
    expect(errors([good('a'), good('b'), good('c')], { maxLines: 2 })).toEqual([
      {
        code: 'too_many_lines',
        message: 'The file has more than 2 lines, which is all that a batch may have. Split it into several.',
        line: 3,
      },
    ])
  })

  test('JSON of more than a line may have', () => {
    const json = { jsonMembers: 8, jsonNames: 8 }
    expect(errors([good('a', { body: { messages: [1, 2, 3, 4] } })], { json })).toMatchObject([
      { code: 'line_too_large', line: 1 },
    ])
    expect(errors(['['.repeat(200) + ']'.repeat(200)])).toMatchObject([{ code: 'invalid_json_line', line: 1 }])
  })
})

test('a stream that is not asked for is none', () => {
  expect(errors([good('a', { body: { stream: false } }), good('b', { body: { stream: null } })])).toEqual([])
})

test.each([{ maxLines: 0 }, { maxLine: 1 }])('rules such as %j are refused', (rules) => {
  expect(() => new BatchInput(rules as BatchInputRules)).toThrow(expect.objectContaining({ code: 'SLUICE_ERR_OPTION' }))
})
