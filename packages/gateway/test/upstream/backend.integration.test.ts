import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { listeningAt, OK, startSocketBackend } from '../rig/socket-backend.ts'

describe('an answer that is none', () => {
  test.each([
    ['101', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n', 'upgrade'],
    ['no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n', 'protocol'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok', 'protocol'],
  ])('%s', async (_, bytes, reason) => {
    await using rig = await startSocketBackend((socket) => socket.write(bytes))
    expect(await rig.failure()).toMatchObject({ reason, status: 502 })
  })

  test('TLS where there is none', async () => {
    await using rig = await startSocketBackend((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'), {
      scheme: 'https',
    })
    expect((await rig.failure()).reason).toBe('tls')
  })
})

test('a request that is left is left at once, also while there is no connection', async () => {
  await using rig = await startSocketBackend(() => {}, { scheme: 'https' })
  const left = new AbortController()
  const asking = rig.backend.request({ method: 'GET', path: '/v1/x', headers: {}, signal: left.signal })
  left.abort(new Error('gone'))
  await expect(asking).rejects.toThrow('gone')
  await expect(rig.backend.request({ method: 'GET', path: '/', headers: {}, signal: left.signal })).rejects.toThrow(
    'gone',
  )
  expect(rig.lines).toEqual([])
})

test('a body that is cut does not arrive whole', async () => {
  await using rig = await startSocketBackend(() => {})
  const stream = new Readable({ read() {} })
  const asking = rig.failure({ method: 'POST', body: { stream, length: undefined } })
  stream.push('abc')
  await expect.poll(() => rig.came.map(({ text }) => text).join('')).toContain('3\r\nabc\r\n')
  stream.destroy()
  await asking
  expect(rig.came.map(({ text }) => text).join('')).not.toContain('\r\n0\r\n')
})

test('one line says that the backend is away, and one that it is back', async () => {
  await using rig = await startSocketBackend((socket) => socket.write(OK))
  const away = rig.backend
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const port = listeningAt(free)
  free.close()
  await once(free, 'close')
  Object.assign(away.base, { port: String(port) })
  for (let time = 0; time < 3; time++) expect((await rig.failure()).reason).toBe('refused')
  const back = createHttpServer((_request, response) => response.end('ok')).listen(port, '127.0.0.1')
  await once(back, 'listening')
  for (let time = 0; time < 2; time++) expect(await rig.ask()).toBe('ok')
  expect(rig.lines).toEqual([
    {
      level: 'warn',
      message: 'The backend does not answer',
      fields: { reason: 'refused', why: expect.stringContaining('ECONNREFUSED') as string },
    },
    { level: 'info', message: 'The backend answers again', fields: { afterMs: expect.any(Number) as number } },
  ])
  back.closeAllConnections()
  back.close()
})
