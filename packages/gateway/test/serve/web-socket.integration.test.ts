import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { askJson, attachNative, readUntil, textOf } from '../rig/native-client.ts'
import { chunk, DONE, MESSAGES, type Stage, startStage } from '../rig/stage.ts'

const PAGE = 'https://app.example'
let stage: Stage
let sockets: string

beforeAll(async () => {
  stage = await startStage(['--auth', 'bearer', '--cors-origin', PAGE])
  sockets = `${stage.api.replace('http', 'ws')}/ws`
})
afterAll(() => stage[Symbol.asyncDispose]())

interface Heard {
  type: string
  ref?: string
  stream?: string
  cursor?: string
  text?: string
  code?: string
}

async function open(protocols: string[], headers: Record<string, string> = {}) {
  const ws = new WebSocket(sockets, ['sluice.v1', ...protocols], { headers })
  const heard: Heard[] = []
  ws.on('message', (data) => heard.push(JSON.parse((data as Buffer).toString()) as Heard))
  await once(ws, 'open')
  return {
    ws,
    heard,
    say: (message: object) => ws.send(JSON.stringify(message)),
    hear: (type: string) => expect.poll(() => heard.find((message) => message.type === type)).toBeDefined(),
    text: () => heard.map(({ text = '' }) => text).join(''),
  }
}

function answering(...pieces: string[]) {
  return stage.behave(async (exchange) => {
    exchange.stream()
    await exchange.send(...pieces.map((content) => chunk({ content })), chunk({}, { finish: 'stop' }), DONE)
    exchange.response.end()
  })
}

describe('a socket of the gateway', () => {
  test('starts what POST /v1/streams would, with the key it was opened with', async () => {
    const { model, first } = answering('Hello ', 'world')
    const client = await open(['bearer.sk-ada'])
    client.say({ type: 'start', ref: 'a', body: { model, messages: MESSAGES, sluice: { key: 'chat-1' } } })
    await client.hear('end')
    expect(client.text()).toBe('Hello world')
    const { headers, body } = await first
    expect(headers.authorization).toBe('Bearer sk-ada')
    expect(body).toMatchObject({ model, messages: MESSAGES })
    expect(body).not.toHaveProperty('sluice')
    client.ws.close()
  })

  test('contract 1: begins a stream that is read on over SSE, and cancels it from there', async () => {
    const { model, first } = stage.behave(async (exchange) => {
      exchange.stream()
      await exchange.send(chunk({ content: 'first' }))
    })
    const headers = { authorization: 'Bearer sk-ada' }
    const client = await open([], headers)
    client.say({ type: 'start', ref: 'a', body: { model, messages: MESSAGES } })
    await client.hear('text')
    const { stream } = client.heard[0]!
    await using reading = await attachNative(`${stage.api}/streams/${stream}`, headers)
    await readUntil(reading, 'text')
    client.say({ type: 'cancel', stream })
    await client.hear('cancelled')
    await readUntil(reading, 'end')
    const { response } = await first
    await expect.poll(() => response.destroyed).toBe(true)
    client.ws.close()
  })

  test('opens with a ticket, and asks the backend with the key that got it', async () => {
    const { model, first } = answering('Hi')
    const { status, value } = await askJson(`${stage.api}/tickets`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk-ada' },
    })
    expect(status).toBe(201)
    const client = await open([`ticket.${String(value.ticket)}`], { origin: PAGE })
    client.say({ type: 'start', ref: 'a', body: { model, messages: MESSAGES } })
    await client.hear('end')
    expect((await first).headers.authorization).toBe('Bearer sk-ada')
    client.ws.close()
    await expect(open([`ticket.${String(value.ticket)}`], { origin: PAGE })).rejects.toThrow('401')
  })

  test('lets an EventSource read with a ticket in its address, once', async () => {
    const { model } = answering('Hi')
    const client = await open(['bearer.sk-ada'])
    client.say({ type: 'start', ref: 'a', body: { model, messages: MESSAGES } })
    await client.hear('end')
    const { stream } = client.heard[0]!
    const { value } = await askJson(`${stage.api}/tickets`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk-ada' },
    })
    const url = `${stage.api}/streams/${stream}?ticket=${String(value.ticket)}`
    await using reading = await attachNative(url)
    expect(textOf(await readUntil(reading, 'end'))).toBe('Hi')
    await using again = await attachNative(url)
    expect(again.response.status).toBe(401)
    client.ws.close()
  })

  test('takes a ticket that was asked for with a query, and starts with its key', async () => {
    const { model, first } = answering('Hello')
    const headers = { authorization: 'Bearer sk-query', 'content-type': 'application/json' }
    const response = await fetch(`${stage.api}/tickets?_=1`, { method: 'POST', headers, body: '{}' })
    const { ticket } = (await response.json()) as { ticket: string }
    const client = await open([`ticket.${ticket}`])
    client.say({ type: 'start', ref: 'a', body: { model, messages: MESSAGES } })
    expect((await first).headers.authorization).toBe('Bearer sk-query')
    client.ws.close()
  })

  test('is not opened by strangers, pages of other origins, or with a plain GET', async () => {
    await expect(open([])).rejects.toThrow('401')
    await expect(open([], { origin: 'https://evil.example' })).rejects.toThrow('403')
    const { value } = await askJson(`${stage.api}/tickets`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk-ada' },
    })
    await expect(open([`ticket.${String(value.ticket)}`], { origin: 'https://evil.example' })).rejects.toThrow('403')
    expect((await fetch(`${stage.api}/ws`)).status).toBe(426)
  })

  test('refuses a body that POST /v1/streams would refuse, in the same words', async () => {
    const body = { model: 5 }
    const client = await open(['bearer.sk-ada'])
    client.say({ type: 'start', ref: 'a', body })
    await client.hear('refused')
    const { value } = await askJson(`${stage.api}/streams`, {
      method: 'POST',
      body,
      headers: { authorization: 'Bearer sk-ada' },
    })
    expect(client.heard[0]).toMatchObject({ ref: 'a', code: value.code, message: value.detail })
    client.ws.close()
  })
})

test('another path that offers an upgrade is answered as if it did not', async () => {
  const headers = { connection: 'upgrade', upgrade: 'h2c' }
  const asked = request(`${stage.gateway.url}/healthz`, { headers })
  asked.end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  expect(response.statusCode).toBe(200)
  response.resume()
})

test('design 6: on SIGTERM sockets are told to go, streams end first', async () => {
  const cue = Promise.withResolvers<void>()
  await using own = await startStage([])
  const { model } = own.behave(async (exchange) => {
    exchange.stream()
    await exchange.send(chunk({ content: 'one ' }))
    await cue.promise
    await exchange.send(chunk({ content: 'two' }), chunk({}, { finish: 'stop' }), DONE)
    exchange.response.end()
  })
  const ws = new WebSocket(`${own.api.replace('http', 'ws')}/ws`, ['sluice.v1'])
  const heard: Heard[] = []
  ws.on('message', (data) => heard.push(JSON.parse((data as Buffer).toString()) as Heard))
  await once(ws, 'open')
  const closed = once(ws, 'close')
  ws.send(JSON.stringify({ type: 'start', ref: 'a', body: { model, messages: MESSAGES } }))
  await expect.poll(() => heard.some(({ type }) => type === 'text')).toBe(true)
  own.gateway.process.kill('SIGTERM')
  await expect.poll(() => heard.some(({ type }) => type === 'goaway')).toBe(true)
  cue.resolve()
  expect((await closed)[0]).toBe(1012)
  expect(heard.map(({ text = '' }) => text).join('')).toBe('one two')
  expect(heard.at(-1)?.type).toBe('end')
  expect((await own.gateway.exited).code).toBe(0)
})
