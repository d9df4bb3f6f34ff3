import { createSluice } from '@sluice/core'
import { createStreamResource, planToResponse, toHttpRequest } from '@sluice/http'
import { expect, test } from 'vitest'

/** Where the answer to a background start says its stream is. */
async function locationOf(headers: Record<string, string>, options: { publicMount?: string } = {}): Promise<string> {
  const resource = createStreamResource<Request>({
    sluice: createSluice(),
    identify: () => ({ owner: 'ada' }),
    runner: () => () => ['x'],
  })
  const request = new Request('http://x/v1/streams', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: '{"background":true}',
  })
  const plan = await resource.handle(toHttpRequest(request, { mount: '/v1', ...options }))
  return planToResponse(plan)
    .headers.get('location')!
    .replace(/[^/]+$/, 'id')
}

test.each<[string, Record<string, string>, { publicMount?: string }, string]>([
  ['below the mount', {}, {}, '/v1/streams/id'],
  [
    'below the prefix that a proxy has stripped, and says',
    { 'x-forwarded-prefix': '/chat' },
    {},
    '/chat/v1/streams/id',
  ],
  ['where the server says that the mount is seen', {}, { publicMount: '/api/v2' }, '/api/v2/streams/id'],
  ['there also on another host', {}, { publicMount: 'https://api.example' }, 'https://api.example/streams/id'],
  ['and there rather than where a header says', { 'x-forwarded-prefix': '/no' }, { publicMount: '' }, '/streams/id'],
  ['never on a host that a header names', { 'x-forwarded-prefix': '//evil.example' }, {}, '/v1/streams/id'],
  ['nor by a header that is no path', { 'x-forwarded-prefix': 'https://evil.example' }, {}, '/v1/streams/id'],
  ['nor by one that climbs', { 'x-forwarded-prefix': '/..' }, {}, '/v1/streams/id'],
])('a stream is %s', async (_, headers, options, expected) => {
  expect(await locationOf(headers, options)).toBe(expected)
})
