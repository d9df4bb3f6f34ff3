import { createSluice } from '@sluice/core'
import { createGrpcHandler } from '@sluice/grpc'
import { expect, test } from 'vitest'

import { GRPC_SERVICES, isGrpcPath } from '../../src/serve/grpc.ts'

test('what is known of the services before they are loaded is what they are', async () => {
  const sluice = createSluice()
  const { paths } = createGrpcHandler({ sluice, identify: () => undefined })
  const services = new Set(paths.map((path) => path.slice(1, path.lastIndexOf('/'))))
  expect([...services].toSorted()).toEqual(GRPC_SERVICES.toSorted())
  expect(paths.every(isGrpcPath)).toBe(true)
  expect(isGrpcPath('/sluice.v1.TokenStreamServiceOfOthers/Start')).toBe(false)
  await sluice.drain({ withinMs: 0 })
})
