import * as http from '@sluice/http'
import * as node from '@sluice/http/node'
import { expect, test } from 'vitest'

test('exports what it says, and no more', () => {
  expect(Object.keys(http).sort()).toMatchInlineSnapshot(`
    [
      "BODY_HEADERS",
      "DEFAULT_MAX_BODY_BYTES",
      "DEFAULT_MAX_JSON_BYTES",
      "MAX_WAIT_SECONDS",
      "chooseRepresentation",
      "corsHeaders",
      "createStreamResource",
      "emptyPlan",
      "jsonPlan",
      "parseStartBody",
      "planToResponse",
      "planTokens",
      "preflightHeaders",
      "readAsyncWaitMs",
      "readIdempotencyKey",
      "readWaitMs",
      "requireMount",
      "resolveCors",
      "toErrorPlan",
      "toHttpRequest",
      "varyOf",
      "wireErrorOf",
    ]
  `)
  expect(Object.keys(node).sort()).toMatchInlineSnapshot(`
    [
      "sendPlan",
      "toHttpRequest",
    ]
  `)
})
