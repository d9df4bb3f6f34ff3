import { Buffer } from 'node:buffer'
import { Agent, request } from 'node:http'

import type { Sink } from '@sluice/core/extend'
import { describe, expect, onTestFinished, test } from 'vitest'

import { connectTo, get, serveStreams, streamAt } from './framing-server.ts'

describe('chunks that are framed by the sink', () => {
  test('leave the connection good for the next request, stream or not', async () => {
    const server = await serveStreams()
    const client = connectTo(server)
    for (let round = 0; round < 3; round++) {
      client.send(get('/stream'))
      const { sink, over } = await streamAt(server, round)
      sink.write(`round ${round} é\n`)
      sink.close()
      await over
      await client.complete(2 * round + 1)
      client.send(get('/plain'))
      await client.complete(2 * round + 2)
    }
    const bodies = client.responses().map(({ body }) => body.toString())
    expect(bodies).toEqual(['round 0 é\n', 'plain', 'round 1 é\n', 'plain', 'round 2 é\n', 'plain'])
    expect([client.ended, client.errors]).toEqual([false, []])
  })

  test("are taken by node's own client, which reuses the connection", async () => {
    const server = await serveStreams({
      begin(sink) {
        sink.write('data: ü\n\n')
        sink.close()
      },
    })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    const ask = (): Promise<[boolean, string]> =>
      new Promise((resolve, reject) => {
        const sent = request({ port: server.port, path: '/stream', agent }, (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (piece: string) => (text += piece))
          response.on('end', () => resolve([sent.reusedSocket, text]))
        })
        sent.on('error', reject).end()
      })
    expect([await ask(), await ask(), await ask()]).toEqual([
      [false, 'data: ü\n\n'],
      [true, 'data: ü\n\n'],
      [true, 'data: ü\n\n'],
    ])
  })

  test('wait their turn when requests are pipelined, in whatever order they are written', async () => {
    const server = await serveStreams()
    const client = connectTo(server)
    client.send(get('/stream/1') + get('/stream/2') + get('/plain') + get('/stream/3'))
    const [first, second, third] = [await streamAt(server, 0), await streamAt(server, 1), await streamAt(server, 2)]
    third.sink.write('3: ✓')
    third.sink.write(Uint8Array.of(0, 0xff, 13, 10))
    third.sink.close()
    second.sink.write('2')
    second.sink.write('é')
    first.sink.write('1')
    second.sink.close()
    first.sink.close()
    await client.complete(4)
    const [one, two, plain, three] = client.responses()
    expect([one!.body.toString(), two!.body.toString(), plain!.body.toString()]).toEqual(['1', '2é', 'plain'])
    expect(three!.body).toEqual(Buffer.concat([Buffer.from('3: ✓'), Buffer.of(0, 0xff, 13, 10)]))
    await Promise.all(server.streams.map(({ over }) => over))
    expect(server.streams.map(({ losses }) => losses)).toEqual([1, 1, 1])
  })

  test('have a chunk for every write, its size in bytes', async () => {
    const server = await serveStreams()
    const client = connectTo(server)
    client.send(get('/stream'))
    const { sink } = await streamAt(server, 0)
    const writes = [
      'a',
      'é',
      '日本',
      '😀',
      'x'.repeat(255),
      'x'.repeat(256),
      '0\r\n\r\n',
      Uint8Array.of(13, 10),
      'ÿ\u0000',
    ]
    for (const bytes of ['', ...writes, new Uint8Array()]) sink.write(bytes)
    sink.close()
    const [response] = await client.complete(1)
    expect(response!.headers['transfer-encoding']).toBe('chunked')
    expect(response!.chunks.map((chunk) => chunk.toString('hex'))).toEqual(
      writes.map((bytes) => Buffer.from(bytes as string).toString('hex')),
    )
  })

  test.each([
    ['text', (sink: Sink) => sink.write('data: a\n\n')],
    ['text beyond ASCII', (sink: Sink) => sink.write('data: ü\n\n')],
    ['bytes', (sink: Sink) => sink.write(Uint8Array.of(100, 10))],
    ['nothing', () => true],
  ])('are complete when the sink is closed in the turn of its first write: %s', async (_, write) => {
    const server = await serveStreams({
      begin(sink) {
        write(sink)
        sink.close()
        sink.write('late')
      },
    })
    const client = connectTo(server)
    client.send(get('/stream') + get('/plain'))
    const [stream, plain] = await client.complete(2)
    const body = ['data: a\n\n', 'data: ü\n\n', 'd\n', '']
    expect(body).toContain(stream!.body.toString())
    expect(plain!.body.toString()).toBe('plain')
  })

  test('are not there when only the head was asked for, and the connection stays good', async () => {
    const server = await serveStreams({ rejectNonStandardBodyWrites: true })
    const client = connectTo(server)
    client.send(`HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n${get('/plain')}`)
    const [head, plain] = await client.complete(2, 'HEAD')
    expect([head!.status, plain!.body.toString()]).toEqual([200, 'plain'])
    expect([server.streams[0]!.sink, server.errors]).toEqual([undefined, []])
  })

  test('are not there for HEAD either when middleware has asked for chunks', async () => {
    const server = await serveStreams({
      rejectNonStandardBodyWrites: true,
      middleware: (response) => void response.setHeader('Transfer-Encoding', 'chunked'),
    })
    const client = connectTo(server)
    client.send(`HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n`)
    await client.complete(1, 'HEAD')
    client.send(get('/stream'))
    const { sink } = await streamAt(server, 1)
    sink.write('a')
    sink.close()
    const [, stream] = await client.complete(2, 'HEAD')
    expect([stream!.body.toString(), server.errors]).toEqual(['a', []])
  })

  test('do not depend on the body of the request being read', async () => {
    const server = await serveStreams()
    const client = connectTo(server)
    const body = 'x'.repeat(200_000)
    client.send(`POST /stream HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    const { sink, over } = await streamAt(server, 0)
    sink.write('a')
    sink.close()
    await over
    client.send(get('/plain'))
    const [stream, plain] = await client.complete(2)
    expect([stream!.body.toString(), plain!.body.toString()]).toEqual(['a', 'plain'])
  })

  test('are followed by the end of the connection where the client wanted that', async () => {
    const server = await serveStreams()
    const client = connectTo(server)
    client.send(get('/stream', 'Connection: close'))
    const { sink } = await streamAt(server, 0)
    sink.write('a')
    sink.close()
    const [response] = await client.complete(1)
    expect(response!.body.toString()).toBe('a')
    await expect.poll(() => client.ended).toBe(true)
    expect(client.errors).toEqual([])
  })

  test('stop short of their last one when the sink is destroyed', async () => {
    const server = await serveStreams()
    const client = connectTo(server)
    client.send(get('/stream'))
    const { sink, over } = await streamAt(server, 0)
    sink.write('a')
    await expect.poll(() => client.responses()[0]?.body.toString()).toBe('a')
    sink.destroy()
    await over
    await expect.poll(() => client.ended || client.closed).toBe(true)
    expect(client.responses()[0]).toMatchObject({ complete: false, chunks: [Buffer.from('a')] })
  })

  test('end with the client that has said its last word, and are told of as lost once', async () => {
    const server = await serveStreams()
    const client = connectTo(server)
    client.send(get('/stream'))
    const { sink, over } = await streamAt(server, 0)
    sink.write('a')
    await expect.poll(() => client.responses()[0]?.body.toString()).toBe('a')
    client.socket.end()
    await over
    sink.write('late')
    sink.close()
    sink.destroy()
    await expect.poll(() => client.ended || client.closed).toBe(true)
    expect(client.responses()[0]).toMatchObject({ complete: false })
    expect(server.streams[0]!.losses).toBe(1)
  })
})
