import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { until } from '@sluice/testing/patience'
import { describe, expect, test } from 'vitest'
import { openRaw } from '../rig/raw-client.ts'
import { answering, startFront } from '../rig/recording-backend.ts'
import { spawnGateway } from '../rig/spawned-gateway.ts'

const KEY = 'sk-own-0123456789abcdefghijklmnop'

/** A backend of bare sockets. */
async function startSockets(answer: (socket: Socket) => unknown) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', () => answer(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

describe('a backend on a path that is passed on', () => {
  test.each([
    ['that answers 101', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n', 502],
    ['that answers with something else', 'SSH-2.0\r\n\r\n', 502],
    ['that says nothing', '', 504],
  ])('%s ends in an error', async (_, bytes, status) => {
    await using backend = await startSockets((socket) => bytes === '' || socket.write(bytes))
    await using gateway = await spawnGateway(['--upstream', backend.url, '--upstream-silence-ms', '200'])
    for (const method of ['GET', 'POST']) {
      const response = await fetch(`${gateway.url}/v1/models`, { method })
      expect(response.status).toBe(status)
      const { error } = (await response.json()) as { error: { message: string; code: string } }
      expect(error.code).toBe(status === 504 ? 'gateway_timeout' : 'bad_gateway')
      if (status === 504) expect(error.message).toContain('200 ms (--upstream-silence-ms)')
    }
  })

  test('that is silent in the middle is cut, and does not look complete', async () => {
    await using front = await startFront(['--upstream-silence-ms', '200'])
    front.backend.answer = (response) => response.writeHead(200).write('half')
    // On a busy machine this backend is silent before its first byte as well, which is a 504.
    const begun = await until(async () => {
      const response = await fetch(`${front.api}/completions`, { method: 'POST' })
      return response.status === 200 && response
    }, 'the answer begins')
    await expect(begun.text()).rejects.toThrow('terminated')
    await expect.poll(() => front.gateway.stderr).toContain('reason=silence')
  })

  test('that takes its time within the limit is waited for, as often as it says something', async () => {
    await using front = await startFront(['--upstream-silence-ms', '2000'])
    front.backend.answer = (response) => {
      response.writeHead(200).write('0')
      let said = 0
      const timer = setInterval(() => {
        if (++said < 8) return response.write(String(said))
        clearInterval(timer)
        return response.end()
      }, 350)
    }
    expect(await (await fetch(`${front.api}/slow`)).text()).toBe('01234567')
  })

  test('is left by a client that does not read, in time', async () => {
    await using front = await startFront(['--stall-ms', '300'])
    const flood = Buffer.alloc(64 * 1024, 'x')
    const left = Promise.withResolvers<void>()
    front.backend.answer = (response) => {
      response.writeHead(200).on('close', left.resolve)
      const pour = (): void => {
        while (!response.destroyed && response.write(flood));
      }
      response.on('drain', pour)
      pour()
    }
    using _ = await openRaw(front.gateway.url, { method: 'GET', path: '/v1/files/x', reading: false })
    await left.promise
    await expect.poll(() => front.gateway.stderr).toContain('(--stall-ms)')
  })

  test('a client that sends slowly is no silence of the backend', async () => {
    await using front = await startFront(['--upstream-silence-ms', '1500'])
    front.backend.answer = (response, { body }) => response.end(String(body))
    const pieces = new ReadableStream<Uint8Array>({
      async start(controller) {
        for (let piece = 0; piece < 6; piece++) {
          controller.enqueue(Buffer.from(String(piece)))
          await new Promise((resolve) => setTimeout(resolve, 350))
        }
        controller.close()
      },
    })
    const init = { method: 'POST', body: pieces, duplex: 'half' } as RequestInit
    expect(await (await fetch(`${front.api}/files`, init)).text()).toBe('012345')
  })
})

describe('the gateway’s own key', () => {
  test.each(['identity', 'gzip'])('is not shown by an error that repeats it (%s)', async (coding) => {
    await using front = await startFront(['--upstream-key', KEY])
    front.backend.answer = (response, asked) => {
      const text = JSON.stringify({ error: { message: `You sent ${asked.headers.authorization}` } })
      const body = coding === 'gzip' ? gzipSync(text) : text
      const headers = { 'content-encoding': coding, 'content-length': String(Buffer.byteLength(body)), 'x-shown': KEY }
      return answering(401, headers, body)(response, asked)
    }
    const response = await fetch(`${front.api}/models`)
    const shown = JSON.stringify([...response.headers]) + (await response.text())
    expect(shown).toContain('You sent Bearer ****')
    expect(shown).not.toContain(KEY)
  })

  test('is not shown by an answer that repeats it, whose length stays', async () => {
    await using front = await startFront(['--upstream-key', KEY])
    const text = `a${KEY}b`
    front.backend.answer = answering(200, { 'content-length': String(text.length) }, text)
    const response = await fetch(`${front.api}/echo`)
    expect(response.headers.get('content-length')).toBe(String(text.length))
    expect(await response.text()).toBe(`a${'*'.repeat(KEY.length)}b`)
  })

  test('goes nowhere else: a redirect is the client’s to follow', async () => {
    await using front = await startFront(['--upstream-key', KEY])
    front.backend.answer = answering(302, { location: 'http://127.0.0.1:9/' })
    const response = await fetch(`${front.api}/models`, { redirect: 'manual' })
    expect([response.status, response.headers.get('location')]).toEqual([302, 'http://127.0.0.1:9/'])
  })
})
