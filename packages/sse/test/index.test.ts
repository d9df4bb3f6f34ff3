import * as sse from '@sluice/sse'
import * as node from '@sluice/sse/node'
import { expect, test } from 'vitest'

test('exports these names and no others', () => {
  expect(Object.keys(sse).toSorted()).toMatchInlineSnapshot(`
    [
      "DEFAULT_QUEUE_BYTES",
      "DEFAULT_SSE_LIMITS",
      "SSE_HEADERS",
      "createSseHeaders",
      "createSseParser",
      "formatSseEvent",
      "joinHeaderLists",
      "nativeSse",
      "parseSse",
      "toResponse",
    ]
  `)
  expect(Object.keys(node).toSorted()).toMatchInlineSnapshot(`
    [
      "sendToResponse",
      "withListsOf",
    ]
  `)
})
