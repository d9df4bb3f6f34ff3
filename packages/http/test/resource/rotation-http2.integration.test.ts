import { once } from 'node:events'
import { connect, createServer, type Http2ServerRequest, type ServerHttp2Session } from 'node:http2'
import type { AddressInfo } from 'node:net'

import { createSluice } from '@sluice/core'
import { createStreamResource } from '@sluice/http'
import { sendPlan, toHttpRequest } from '@sluice/http/node'
import { expect, test } from 'vitest'

/** A stream that has said `Hello` and goes on, on a server of HTTP/2 whose answers rotate. */
async function serveHttp2(rotateAfterMs: number) {
  const sluice = createSluice({ reader: { rotateAfterMs } })
  const identify = () => ({ owner: 'ada' })
  const resource = createStreamResource<Http2ServerRequest>({ sluice, identify })
  const server = createServer((request, response) => {
    void resource.handle(toHttpRequest(request, response, { mount: '/v1' })).then((plan) => sendPlan(response, plan))
  })
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session) => sessions.add(session))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const source = async function* ({ signal }: { signal: AbortSignal }) {
    yield 'Hello'
    await once(signal, 'abort')
  }
  const stream = await sluice.start(source, { as: { owner: 'ada' } })
  return {
    sluice,
    id: stream.id,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      await stream.cancel()
      for (const session of sessions) session.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

test('contract 1, 2: over HTTP/2 an answer that rotates ends its stream without an error, and the next one goes on from there', async () => {
  await using server = await serveHttp2(300)
  const { id, sluice } = server
  const client = connect(server.url)
  const read = async (headers: object): Promise<{ text: string; rstCode: number | undefined }> => {
    const request = client.request({ ':path': `/v1/streams/${id}`, ...headers }).setEncoding('utf8')
    let text = ''
    for await (const piece of request) text += piece
    return { text, rstCode: request.rstCode }
  }
  const first = await read({})
  const cursor = `${id}.1.1`
  const farewell = `retry: 100\nevent: closed\ndata: {"code":"rotate","cursor":"${cursor}"}\n\n`
  expect([first.text.includes('Hello'), first.text.endsWith(farewell), first.rstCode]).toEqual([true, true, 0])
  const second = await read({ 'last-event-id': cursor })
  expect([second.text.includes('Hello'), second.text.endsWith(`id: ${cursor}\n\n${farewell}`), second.rstCode]).toEqual(
    [false, true, 0],
  )
  expect(sluice.stats().delivering).toBe(0)
  client.close()
})
