import * as grpc from '@sluice/grpc'
import { expect, test } from 'vitest'

test('exports what it promises, and no more', () => {
  expect(Object.keys(grpc).toSorted()).toMatchInlineSnapshot(`
    [
      "DEFAULT_GRPC_ROUTES_OPTIONS",
      "DEFAULT_GRPC_SERVER_OPTIONS",
      "createGrpcHandler",
      "createGrpcRoutes",
      "createGrpcServer",
    ]
  `)
})
