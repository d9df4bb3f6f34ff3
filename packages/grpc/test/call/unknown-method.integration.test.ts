import { StartRequestSchema } from '@sluice/grpc/v1'
import { expect, test } from 'vitest'

import { beginCall, encode, openSession } from '../rig/http2-client.ts'
import { saying, startHttp1, startRig } from '../rig/rig.ts'

test.each([
  ['Begin', 200, 'sluice.v1.TokenStreamService has Start, Attach, Cancel, Info, Session'],
  ['Start/', 404, 'the services are sluice.v1.TokenStreamService, grpc.health.v1.Health'],
  ['%25%E2%82%AC', 200, 'sluice.v1.TokenStreamService has'],
])(
  'a method that there is not, %s, is UNIMPLEMENTED, by its name, and leaves the connection to others',
  async (method, status, said) => {
    await using rig = await startRig(saying('x'))
    const session = openSession(rig.url)
    const answerTo = async (name: string): Promise<{ [header: string]: unknown }> => {
      const call = beginCall(session, name, encode(StartRequestSchema))
      call.resume()
      return new Promise((resolve) => {
        call.on('response', (headers) => headers['grpc-status'] !== undefined && resolve(headers))
        call.on('trailers', resolve)
      })
    }
    const refused = await answerTo(method)
    expect(refused).toMatchObject({ ':status': status, 'grpc-status': '12', 'content-type': 'application/grpc' })
    // As gRPC writes what it may not: its reader gets back what was asked.
    const message = decodeURIComponent(String(refused['grpc-message']))
    expect(message).toContain(`/sluice.v1.TokenStreamService/${method} `)
    expect(message).toContain(said)
    expect(await answerTo('Start')).toMatchObject({ 'grpc-status': '0' })
    session.destroy()
  },
)

test('over Connect it is a 404 that says so in its own words', async () => {
  await using rig = await startRig(saying('x'))
  await using http1 = await startHttp1(rig.sluice, saying('x'))
  const answer = await fetch(`${http1.url}/sluice.v1.TokenStreamService/Begin`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  })
  expect(answer.status).toBe(404)
  expect(await answer.json()).toEqual({
    code: 'unimplemented',
    message: expect.stringContaining('There is no method /sluice.v1.TokenStreamService/Begin here') as string,
  })
})
