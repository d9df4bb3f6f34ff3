import { once } from 'node:events'

import { startRedisServer } from '@sluice/testing/redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'

import { askJson } from '../rig/native-client.ts'
import { type SpawnedGateway, spawnGateway } from '../rig/spawned-gateway.ts'
import { type BehavingBackend, chunk, DONE, MESSAGES, startBehavingBackend } from '../rig/stage.ts'

const SECRET = 'a secret of thirty-two characters, or more'
let backend: BehavingBackend
beforeAll(async () => void (backend = await startBehavingBackend()))
afterAll(() => backend[Symbol.asyncDispose]())

const spawn = (...flags: string[]): Promise<SpawnedGateway> =>
  spawnGateway(['--upstream', backend.baseUrl, '--auth', 'bearer', ...flags])

async function ticketOf(gateway: SpawnedGateway, key: string): Promise<string> {
  const headers = { authorization: `Bearer ${key}` }
  const { value } = await askJson(`${gateway.url}/v1/tickets`, { method: 'POST', headers })
  return String(value.ticket)
}

/** A socket, or the status it was refused with. */
async function open({ url }: SpawnedGateway, ticket: string): Promise<WebSocket | number> {
  const ws = new WebSocket(`${url.replace('http', 'ws')}/v1/ws`, ['sluice.v1', `ticket.${ticket}`])
  return new Promise((resolve, reject) => {
    ws.on('open', () => resolve(ws)).on('error', reject)
    ws.on('unexpected-response', (asking, { statusCode }) => {
      asking.destroy()
      resolve(statusCode ?? 0)
    })
  })
}

/** What the backend is asked with when this socket starts a stream. */
async function keyShownBy(socket: WebSocket | number): Promise<string | undefined> {
  if (typeof socket === 'number') throw new Error(`refused with ${socket}`)
  const { model, first } = backend.behave(async (exchange) => {
    exchange.stream()
    await exchange.send(chunk({ content: 'Hi' }), chunk({}, { finish: 'stop' }), DONE)
    exchange.response.end()
  })
  socket.send(JSON.stringify({ type: 'start', ref: 'a', body: { model, messages: MESSAGES } }))
  const { headers } = await first
  socket.close()
  await once(socket, 'close')
  return headers.authorization
}

describe('a ticket', () => {
  test('of one gateway is taken by another on the same Redis, which asks the backend with the key that got it', async () => {
    await using redis = await startRedisServer()
    await using here = await spawn('--redis', redis.url)
    await using there = await spawn('--redis', redis.url)
    expect(await keyShownBy(await open(there, await ticketOf(here, 'sk-ada')))).toBe('Bearer sk-ada')
    expect(await keyShownBy(await open(here, await ticketOf(there, 'sk-bob')))).toBe('Bearer sk-bob')

    const ticket = await ticketOf(here, 'sk-eve')
    // Altered anywhere, it is none, and is not spent.
    for (const forged of [ticket.slice(0, -2), `${ticket}.x`, ticket.replace('.', '.x')])
      expect(await open(there, forged)).toBe(401)
    const answers = await Promise.all(Array.from({ length: 10 }, (_, at) => open(at % 2 ? here : there, ticket)))
    expect(answers.filter((answer) => answer !== 401)).toEqual([expect.any(WebSocket)])

    const { value } = await askJson(`${here.url}/v1/streams`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk-ada' },
      body: { model: 'none', messages: MESSAGES, background: true },
    })
    const read = (ticketed: string): Promise<Response> =>
      fetch(`${there.url}/v1/streams/${String(value.id)}?ticket=${ticketed}`, {
        headers: { accept: 'application/json', prefer: 'handling=strict' },
      })
    expect((await read(await ticketOf(here, 'sk-ada'))).status).toBe(200)
    expect((await read(await ticketOf(here, 'sk-eve'))).status).toBe(404)
  })

  test('spends the key that got it, whoever else has opened a socket since', async () => {
    await using gateway = await spawn()
    const keys = ['sk-ada', 'sk-bob', 'sk-eve']
    const sockets: (WebSocket | number)[] = []
    for (const key of keys) sockets.push(await open(gateway, await ticketOf(gateway, key)))
    const shown: (string | undefined)[] = []
    for (const socket of sockets) shown.push(await keyShownBy(socket))
    expect(shown).toEqual(keys.map((key) => `Bearer ${key}`))
  })

  test('is taken by gateways with one secret, and not by one with another', async () => {
    await using here = await spawn('--ticket-secret', SECRET)
    await using there = await spawn('--ticket-secret', SECRET)
    await using elsewhere = await spawn()
    expect(await keyShownBy(await open(there, await ticketOf(here, 'sk-ada')))).toBe('Bearer sk-ada')
    expect(await open(elsewhere, await ticketOf(here, 'sk-ada'))).toBe(401)
  })
})
