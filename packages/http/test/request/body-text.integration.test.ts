import { expect, test } from 'vitest'

import { toHttpRequest } from '@sluice/http'
import { serve } from '../rig/node-server.ts'
import { saying } from '../rig/rig.ts'

const TEXT = ' {"seed":9007199254740993, "x":1e400,\n"x":1.0, "stream":false} '

test('a runner can have the text of a body, as it was written, over node', async () => {
  const texts: unknown[] = []
  await using node = await serve(saying('x'), {
    resource: {
      runner: (_body, { request }) => {
        texts.push(request.bodyText?.())
        return saying('x')
      },
    },
  })
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${node.url}/streams`, { method: 'POST', headers, body: TEXT })
  expect(response.status).toBe(200)
  expect(texts).toEqual([TEXT])
})

test('and of a fetch request, once it has been read', async () => {
  const request = toHttpRequest(new Request('http://x/streams', { method: 'POST', body: TEXT }))
  expect(request.bodyText?.()).toBeUndefined()
  await request.body()
  expect(request.bodyText?.()).toBe(TEXT)
})
