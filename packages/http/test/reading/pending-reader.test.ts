import { getEventListeners } from 'node:events'

import { createSluice } from '@sluice/core'
import { planToResponse, planTokens } from '@sluice/http'
import { expect, test } from 'vitest'

import { saying, toRequest } from '../rig/rig.ts'

test("contract 14: an answer leaves no listener on the request's signal", async () => {
  const sluice = createSluice()
  const { signal } = new AbortController()
  const request = toRequest('POST', '/chat', { signal })
  const plan = await planTokens(sluice, request, saying('a', 'b'), { as: { owner: 'ada' } })
  await planToResponse(plan).text()
  expect(getEventListeners(signal, 'abort')).toEqual([])
})
