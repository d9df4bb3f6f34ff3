import { connect } from 'node:net'
import { quiet } from '@sluice/testing/patience'
import { describe, expect, test } from 'vitest'

import { type NodeServer, serve } from '../rig/node-server.ts'
import { CHAT, createScript, saying, until } from '../rig/rig.ts'

/** Sends bytes as they are; gives all that comes back until the server closes, or `enough` of it. */
function talk(node: NodeServer, bytes: string, enough = /(?!)/): Promise<string> {
  const socket = connect(Number(new URL(node.url).port), '127.0.0.1')
  let answer = ''
  return new Promise((resolve) => {
    const over = (): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.on('data', (data) => {
      answer += data.toString('latin1')
      if (enough.test(answer)) over()
    })
    socket.on('error', over).on('close', over)
    socket.write(bytes)
  })
}

const json = JSON.stringify(CHAT)
const start = (body: string, ...headers: string[]): string =>
  ['POST /v1/streams HTTP/1.1', 'Host: x', 'Content-Type: application/json', ...headers, '', body].join('\r\n')

describe('requests of a node server', () => {
  test('are taken in origin form and in absolute form', async () => {
    await using node = await serve(saying('x'))
    const end = /event: end/
    const length = `Content-Length: ${json.length}`
    expect(await talk(node, start(json, length), end)).toMatch(/^HTTP\/1.1 200 /)
    expect(await talk(node, start(json, length).replace('/v1', 'http://elsewhere/v1'), end)).toMatch(/^HTTP\/1.1 200 /)
    expect(await talk(node, start(json, length).replace('/v1', '//v1'), /\r\n\r\n/)).toMatch(/^HTTP\/1.1 404 /)
    expect(await talk(node, start(json, length).replace('/v1/', '/V1/'), /\r\n\r\n/)).toMatch(/^HTTP\/1.1 404 /)
    expect(await talk(node, 'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n', /\r\n\r\n/)).toMatch(/^HTTP\/1.1 404 /)
  })

  test('a body that comes byte by byte is a body', async () => {
    await using node = await serve(saying('x'))
    const chunks = Array.from(json, (unit) => `1\r\n${unit}\r\n`).join('')
    const answer = await talk(node, start(`${chunks}0\r\n\r\n`, 'Transfer-Encoding: chunked'), /event: end/)
    expect(answer).toMatch(/^HTTP\/1.1 200 /)
  })

  test('a body somewhat too long is refused, and the connection serves on', async () => {
    await using node = await serve(saying('x'), { maxBodyBytes: 1000 })
    const long = JSON.stringify({ ...CHAT, x: 'x'.repeat(2000) })
    const next = 'GET /v1/streams?key=k HTTP/1.1\r\nHost: x\r\n\r\n'
    const answer = await talk(node, start(long, `Content-Length: ${long.length}`) + next, /204/)
    expect(answer).toMatch(/^HTTP\/1.1 413 [^]*SLUICE_ERR_TOO_LARGE[^]*HTTP\/1.1 204 /)
  })

  test('a body without end is refused, and so is its connection', async () => {
    await using node = await serve(saying('x'), { maxBodyBytes: 1000 })
    const endless = `${(4096).toString(16)}\r\n${'x'.repeat(4096)}\r\n`
    const answer = await talk(node, start(endless, 'Transfer-Encoding: chunked'))
    expect(answer).toMatch(/^HTTP\/1.1 413 /)
    expect(answer).toMatch(/connection: close/i)
  })

  test('a body that is cut starts nothing', async () => {
    const script = createScript()
    await using node = await serve(script.source)
    const socket = connect(Number(new URL(node.url).port), '127.0.0.1')
    socket.write(start(json.slice(0, 10), `Content-Length: ${json.length}`))
    await until(() => node.requests.length === 1)
    socket.destroy()
    await until(() => node.requests[0]!.destroyed)
    await quiet()
    expect(script.calls).toBe(0)
  })

  test('a POST whose body is read is not taken for a client that left', async () => {
    const script = createScript()
    await using node = await serve(script.source, { sluice: { stream: { onDisconnect: 'cancel', openAfterMs: 50 } } })
    const asked = fetch(`${node.url}/streams`, {
      method: 'POST',
      body: json,
      headers: { 'content-type': 'application/json' },
    })
    await until(() => script.calls === 1)
    await quiet()
    script.open()
    script.give('x')
    script.finish()
    expect(await (await asked).text()).toContain('event: end')
  })
})

describe('answers on a node server', () => {
  test('a JSON answer has its length, and what middleware had set', async () => {
    await using node = await serve(saying('\u00e9'), {
      before: (_, response) => {
        response.setHeader('vary', 'Accept-Encoding')
        response.setHeader('x-frame-options', 'DENY')
      },
    })
    const response = await fetch(`${node.url}/chat/completions`, {
      method: 'POST',
      body: json,
      headers: { 'content-type': 'application/json' },
    })
    const bytes = await response.arrayBuffer()
    expect(response.headers.get('content-length')).toBe(String(bytes.byteLength))
    expect(response.headers.get('vary')).toBe('Accept-Encoding, Accept, Authorization, Cookie, Last-Event-ID')
    expect(response.headers.get('x-frame-options')).toBe('DENY')
  })

  test('a HEAD has the head alone', async () => {
    await using node = await serve(saying('x'))
    const started = await fetch(`${node.url}/streams`, {
      method: 'POST',
      body: json,
      headers: { 'content-type': 'application/json' },
    })
    await started.text()
    const location = started.headers.get('content-location')!
    const head = await fetch(new URL(location, node.url), { method: 'HEAD' })
    expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8'])
    expect(await head.text()).toBe('')
  })

  test('a client that leaves while its one body is being collected stops the source', async () => {
    const script = createScript()
    await using node = await serve(script.source, { sluice: { stream: { onDisconnect: 'cancel' } } })
    script.open()
    script.give('half')
    const abort = new AbortController()
    const asked = fetch(`${node.url}/chat/completions`, {
      method: 'POST',
      body: json,
      headers: { 'content-type': 'application/json' },
      signal: abort.signal,
    }).catch(() => {})
    await until(() => script.calls === 1)
    abort.abort()
    await asked
    await until(() => script.signal?.aborted === true)
    await until(() => node.sluice.stats().producing === 0)
  })
})
