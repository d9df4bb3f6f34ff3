import { Buffer } from 'node:buffer'
import { ServerResponse } from 'node:http'

import { describe, expect, test } from 'vitest'

import { connectTo, get, serveStreams, streamAt } from './framing-server.ts'

describe('chunks that are not framed by the sink', () => {
  test('HTTP/1.0 has none: the connection ends with the body', async () => {
    const server = await serveStreams()
    const client = connectTo(server)
    client.send('GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
    const { sink } = await streamAt(server, 0)
    for (const bytes of ['a', 'é', Uint8Array.of(0xff)]) sink.write(bytes)
    sink.close()
    const [response] = await client.complete(1)
    expect(response!.headers['transfer-encoding']).toBeUndefined()
    expect(response!.body).toEqual(Buffer.from('61c3a9ff', 'hex'))
    expect(client.errors).toEqual([])
  })

  test('HTTP/1.0 has them where the client says that it takes them', async () => {
    const server = await serveStreams()
    const client = connectTo(server)
    client.send('GET /stream HTTP/1.0\r\nTE: chunked\r\n\r\n')
    const { sink } = await streamAt(server, 0)
    sink.write('é')
    sink.close()
    await expect.poll(() => client.ended).toBe(true)
    const [response] = client.responses()
    expect([response!.complete, response!.body.toString()]).toEqual([true, 'é'])
  })

  const pass = (response: ServerResponse, name: 'write' | 'end'): void => {
    const inner = response[name].bind(response) as (...given: unknown[]) => never
    response[name] = (...given: unknown[]) => inner(...given)
  }
  class OwnResponse extends ServerResponse {
    override write(...given: unknown[]): boolean {
      return (super.write as (...given: unknown[]) => boolean)(...given)
    }
  }

  test.each([
    ['write is wrapped', { middleware: (response: ServerResponse) => pass(response, 'write') }],
    ['end is wrapped', { middleware: (response: ServerResponse) => pass(response, 'end') }],
    ['the response is of a class of its own', { ServerResponse: OwnResponse as unknown as typeof ServerResponse }],
  ])('arrive as well when %s', async (_, options) => {
    const server = await serveStreams(options)
    const client = connectTo(server)
    client.send(get('/stream'))
    const { sink, over } = await streamAt(server, 0)
    for (const bytes of ['a', '', 'é', Uint8Array.of(0xff)]) sink.write(bytes)
    sink.close()
    await over
    client.send(get('/plain'))
    const [stream, plain] = await client.complete(2)
    expect([stream!.body.toString('hex'), plain!.body.toString()]).toEqual(['61c3a9ff', 'plain'])
  })

  test('pass through middleware that changes what is written, frames and all', async () => {
    const server = await serveStreams({
      middleware(response) {
        const write = response.write.bind(response) as (chunk: unknown) => boolean
        response.write = (chunk: unknown) =>
          write(
            Buffer.from(chunk as string)
              .toString()
              .toUpperCase(),
          )
      },
    })
    const client = connectTo(server)
    client.send(get('/stream'))
    const { sink } = await streamAt(server, 0)
    sink.write('event: é\n')
    sink.close()
    const [response] = await client.complete(1)
    expect(response!.body.toString()).toBe('EVENT: É\n')
  })
})
