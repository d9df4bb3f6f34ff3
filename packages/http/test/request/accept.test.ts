import fc from 'fast-check'
import { expect, test } from 'vitest'

import { chooseRepresentation } from '../../src/request/accept.ts'
import { prefersStrict } from '../../src/request/prefer.ts'

test.each([
  [undefined, 'stream'],
  ['', 'stream'],
  ['*/*', 'stream'],
  ['text/event-stream', 'stream'],
  ['Text/Event-Stream; charset=utf-8', 'stream'],
  ['text/*', 'stream'],
  ['text/html,application/xhtml+xml,*/*;q=0.8', 'stream'],
  ['application/json, text/event-stream', 'stream'],
  ['application/json', 'json'],
  ['application/json, text/plain, */*', 'json'],
  ['application/*', 'json'],
  ['text/event-stream;q=0.5, application/json', 'json'],
  ['application/json;q=0, */*', 'stream'],
  ['text/event-stream;q=0, */*', 'json'],
  ['application/x-ndjson', 'lines'],
  ['Application/X-NDJSON; charset=utf-8', 'lines'],
  ['application/x-ndjson, application/json', 'lines'],
  ['application/json, application/x-ndjson, */*', 'lines'],
  ['application/x-ndjson;q=0.5, application/json', 'json'],
  ['application/x-ndjson, text/event-stream', 'stream'],
  ['application/x-ndjson, text/event-stream;q=0.9', 'lines'],
  ['application/x-ndjson, */*;q=0.1', 'lines'],
  ['application/x-ndjson;q=0, */*', 'stream'],
  ['application/x-ndjson;q=0', undefined],
  ['text/html', undefined],
  ['*/*;q=0', undefined],
  ['application/json;q=much', undefined],
] as const)('Accept: %s', (accept, representation) => {
  expect(chooseRepresentation(accept)).toBe(representation)
})

test('every Accept has an answer', () => {
  const part = fc.constantFrom(
    'text/event-stream',
    'application/json',
    'application/x-ndjson',
    '*/*',
    ';q=',
    '0.5',
    ',',
    ' ',
    'x/y',
    '=',
    '"',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(part).map((parts) => parts.join('')),
      ),
      (accept) => {
        expect([undefined, 'json', 'stream', 'lines']).toContain(chooseRepresentation(accept))
      },
    ),
  )
})

test.each([
  [undefined, false],
  ['', false],
  ['handling=strict', true],
  ['Handling = "strict"', true],
  ['respond-async, handling=strict;x=1, wait=5', true],
  ['handling=lenient', false],
  ['handling=lenient, handling=strict', false],
  ['handling', false],
  ['handling=stricter', false],
  ['x-handling=strict', false],
] as const)('Prefer: %s', (prefer, strict) => {
  expect(prefersStrict(prefer)).toBe(strict)
})
