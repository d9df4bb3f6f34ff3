import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

import { until } from '@sluice/testing/patience'
import { beforeAll, describe, expect, test } from 'vitest'

import { type Answer, type Certificate, makeCertificate, startReceiver, status } from '../rig/receiver.ts'
import { answered, failed, send } from '../rig/sending.ts'

let certificate: Certificate
beforeAll(async () => {
  certificate = await makeCertificate('IP:127.0.0.1,DNS:hook.example.com')
})

describe('a message', () => {
  test.each(['http', 'https'])('is sent with POST over %s, its bytes as they are', async (scheme) => {
    await using receiver = await startReceiver(status(204), scheme === 'https' ? certificate : undefined)
    expect(await send(receiver.url, { addresses: { ca: certificate.cert } })).toEqual(answered(204))
    expect(receiver.got).toEqual([expect.objectContaining({ method: 'POST', path: '/hook', body: '{"é":1}' })])
    expect(receiver.got[0]!.headers).toMatchObject({ 'content-length': '8', host: `127.0.0.1:${receiver.port}` })
  })

  test('has a connection of its own each time', async () => {
    await using receiver = await startReceiver(status(200), certificate)
    for (let sent = 0; sent < 3; sent++) await send(receiver.url, { addresses: { ca: certificate.cert } })
    expect(receiver.connections).toBe(3)
  })

  test.each([200, 204, 400, 410, 429, 500])('that is answered with %i says so', async (code) => {
    await using receiver = await startReceiver(status(code, { 'retry-after': '7' }))
    expect(await send(receiver.url)).toEqual({ is: 'answered', status: code, retryAfter: '7' })
  })

  test.each([301, 302, 303, 307, 308])('that is redirected with %i goes nowhere else', async (code) => {
    await using other = await startReceiver()
    await using receiver = await startReceiver(status(code, { location: other.url }))
    expect(await send(receiver.url)).toEqual(answered(code))
    expect(other.connections).toBe(0)
  })
})

describe('a receiver', () => {
  test('that does not listen is told as such', async () => {
    const receiver = await startReceiver()
    await receiver.close()
    expect(await send(receiver.url)).toEqual(failed('connect'))
  })

  test.each([
    ['of nobody that is trusted', { ca: undefined }, 'https://127.0.0.1'],
    [
      'of another name',
      { resolve: async () => [{ address: '127.0.0.1', family: 4 as const }] },
      'https://other.example.com',
    ],
  ])('with a certificate %s is not told anything', async (_, addresses, origin) => {
    await using receiver = await startReceiver(status(204), certificate)
    expect(await send(`${origin}:${receiver.port}/`, { addresses })).toEqual(failed('tls'))
    expect(receiver.got).toEqual([])
  })

  test('that speaks no TLS is told as such', async () => {
    await using receiver = await startReceiver()
    expect(await send(receiver.url.replace('http:', 'https:'))).toEqual(failed('tls'))
  })

  test.each<[string, Answer]>([
    ['resets', (_response, _got, request) => request.socket.resetAndDestroy()],
    ['closes', (_response, _got, request) => request.socket.end()],
    ['talks nonsense', (_response, _got, request) => request.socket.end('HELO receiver\r\n\r\n')],
    ['has a header that is too long', (response) => response.writeHead(200, { 'x-long': 'x'.repeat(20_000) }).end()],
    [
      'changes the protocol',
      (_response, _got, request) =>
        request.socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n'),
    ],
  ])('that %s has given no answer', async (_, answer) => {
    await using receiver = await startReceiver(answer)
    expect(await send(receiver.url)).toEqual(failed('answer'))
  })

  const endless =
    (piece: string) =>
    (_response: unknown, _got: unknown, { socket }: { socket: Socket }) => {
      const timer = setInterval(() => socket.write(piece), 5)
      socket.once('close', () => clearInterval(timer))
    }
  test.each<[string, Answer]>([
    ['never answers', () => {}],
    [
      'sends its header one letter at a time',
      (response, got, request) => {
        request.socket.write('HTTP/1.1 200 OK\r\nx-slow: ')
        endless('x')(response, got, request)
      },
    ],
    ['says again and again that more will come', endless('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n')],
  ])('that %s has its time and no more', async (_, answer) => {
    await using receiver = await startReceiver(answer)
    expect(await send(receiver.url, { limits: { totalMs: 100 } })).toEqual(failed('timeout'))
    await until(() => receiver.open === 0, 'the connection is closed')
  })

  test('that takes a connection and never speaks TLS has the time of a connection', async () => {
    const silent = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as { port: number }
    expect(await send(`https://127.0.0.1:${port}/`, { limits: { connectMs: 100 } })).toEqual(failed('timeout'))
    silent.close()
  })

  test('that sends a huge body is cut off, and has answered', async () => {
    let sent = 0
    await using receiver = await startReceiver((response) => {
      response.writeHead(200)
      const chunk = Buffer.alloc(64 * 1024)
      const more = (): void => {
        while (!response.destroyed && sent < 1_000 && response.write(chunk)) sent++
        if (!response.destroyed && sent++ < 1_000) response.once('drain', more)
      }
      more()
    })
    expect(await send(receiver.url)).toEqual(answered(200))
    await until(() => receiver.open === 0, 'the connection is closed')
    expect(sent).toBeLessThan(1_000)
  })

  test.each<[string, Answer]>([
    ['never ends its body', (response) => void response.writeHead(202).write('x')],
    [
      'breaks off in its body',
      (response) => {
        response.writeHead(202, { 'content-length': '10' })
        response.write('x', () => response.destroy())
      },
    ],
  ])('that %s has answered all the same', async (_, answer) => {
    await using receiver = await startReceiver(answer)
    expect(await send(receiver.url, { limits: { totalMs: 200 } })).toEqual(answered(202))
  })
})
