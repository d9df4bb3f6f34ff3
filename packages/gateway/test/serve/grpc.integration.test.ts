import { ConnectError, createClient } from '@connectrpc/connect'
import { createConnectTransport, createGrpcWebTransport } from '@connectrpc/connect-web'
import { TokenStreamService } from '@sluice/grpc/v1'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Health } from '../../../grpc/src/gen/grpc/health/v1/health_pb.ts'
import { as, ask, connect, hear, kinds, open } from '../../../grpc/test/rig/rig.ts'
import { attachNative, readUntil, textOf } from '../rig/native-client.ts'
import { chunk, DONE, type Exchange, type Stage, startStage } from '../rig/stage.ts'

const ORIGIN = 'https://chat.example'
const WORDS = ['Call ', 'me ', 'Ishmael', ' 🐳.']

let stage: Stage
let address: string
beforeAll(async () => {
  stage = await startStage(['--grpc-port', '0', '--cors-origin', ORIGIN])
  address = /gRPC at ([^)]+)\)/.exec(stage.gateway.stdout)![1]!
})
afterAll(() => stage?.[Symbol.asyncDispose]())

async function answer(exchange: Exchange): Promise<void> {
  exchange.stream()
  await exchange.send(...WORDS.map((content) => chunk({ content })), chunk({}, { finish: 'stop' }), DONE)
  exchange.response.end()
}

const chat = (model: string): object => ({
  input: { fields: { model: { stringValue: model }, messages: { listValue: { values: [] } } } },
})

describe('the gateway', () => {
  test('contract 1: serves gRPC on its port, what is started there is read over SSE, and back', async () => {
    const { model, first } = stage.behave(answer)
    using client = connect({ address })
    const { text, cursor, status } = await hear(open(client, 'Start', chat(model)))
    expect([text, status.code]).toEqual([WORDS.join(''), 0])
    expect((await first).body).toMatchObject({ model, messages: [] })
    const id = cursor.split('.')[0]!
    const sse = await fetch(`${stage.api}/streams/${id}.1.2`)
    expect(await sse.text()).toContain('Ishmael')
    const chunks = await fetch(`${stage.api}/streams/${id}?wire=openai.chat`)
    expect(await chunks.text()).toContain(`"model":"${model}"`)
    const rest = await hear(open(client, 'Attach', { ref: { cursor: `${id}.1.2` } }))
    expect(rest.text).toBe(WORDS.slice(2).join(''))
    expect(await ask(client, 'Info', { ref: { id } })).toMatchObject({ info: { status: 'STATUS_ENDED' } })
  })

  test.each([
    ['Connect', createConnectTransport],
    ['Connect with messages of protobuf', binary],
    ['gRPC-Web', createGrpcWebTransport],
  ])('serves %s on its main port', async (_, createTransport) => {
    const { model, first } = stage.behave(answer)
    const client = createClient(TokenStreamService, createTransport({ baseUrl: stage.gateway.url }))
    let text = ''
    for await (const { events } of client.start({ input: { model, messages: [], sluice: { maxTokens: 8 } } }))
      for (const { event } of events) if (event.case === 'text') text += event.value
    expect(text).toBe(WORDS.join(''))
    expect((await first).body).not.toHaveProperty('sluice')
  })

  test('contract 8: a backend that refuses ends the call with its meaning', async () => {
    const { model } = stage.behave(({ response }) => {
      response.writeHead(429, { 'content-type': 'application/json', 'retry-after': '7' })
      response.end('{"error":{"message":"Slow down","type":"rate_limit","code":null}}')
    })
    using client = connect({ address })
    const { events, status } = await hear(open(client, 'Start', chat(model)))
    expect(kinds(events)).toEqual(['opened', 'end'])
    expect(status.code).toBe(8)
  })

  test('lets pages of an allowed origin in, and no others', async () => {
    const url = `${stage.gateway.url}/sluice.v1.TokenStreamService/Start`
    const preflight = (origin: string): Promise<Response> =>
      fetch(url, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-headers': 'connect-protocol-version,content-type' },
      })
    const { status, headers } = await preflight(ORIGIN)
    expect([status, headers.get('access-control-allow-origin')]).toEqual([204, ORIGIN])
    expect(headers.get('access-control-allow-headers')).toContain('connect-protocol-version')
    expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull()
  })
})

test('contract 12: with --auth bearer an owner is whoever holds the key, over gRPC as over HTTP', async () => {
  await using own = await startStage(['--grpc-port', '0', '--auth', 'bearer'])
  const { model } = own.behave(answer)
  using client = connect({ address: /gRPC at ([^)]+)\)/.exec(own.gateway.stdout)![1]! })
  const heard = await hear(open(client, 'Start', chat(model), as('Bearer ada')))
  expect(heard.status.code).toBe(0)
  expect((await hear(open(client, 'Start', chat(model)))).status.code).toBe(16)
  const ref = { id: heard.cursor.split('.')[0] }
  expect((await hear(open(client, 'Attach', { ref }, as('Bearer eve')))).status.code).toBe(5)
  await using read = await attachNative(`${own.api}/streams/${ref.id}`, { authorization: 'Bearer ada' })
  expect(textOf(await readUntil(read, 'end'))).toBe(WORDS.join(''))
})

test('contract 3: SIGTERM makes health NOT_SERVING, ends what is left UNAVAILABLE, and the process exits', async () => {
  await using own = await startStage(['--grpc-port', '0', '--drain-ms', '400'])
  const { model } = own.behave(async (exchange) => {
    exchange.stream()
    await exchange.send(chunk({ content: 'begun' }))
  })
  const at = { address: /gRPC at ([^)]+)\)/.exec(own.gateway.stdout)![1]! }
  using client = connect(at)
  using health = connect(at, 'grpc/health/v1/health.proto', 'grpc.health.v1.Health')
  const told: string[] = []
  const watch = open(health, 'Watch', {})
  watch.on('data', (message: { [name: string]: unknown }) => told.push(String(message['status']))).on('error', () => {})
  // And one over HTTP/1.1, on the main port: neither keeps the process.
  const web = createClient(Health, createConnectTransport({ baseUrl: own.gateway.url }))
  const overHttp1 = (async () => {
    const seen: number[] = []
    try {
      for await (const { status } of web.watch({})) seen.push(status)
    } catch (error) {
      return { seen, code: ConnectError.from(error).code }
    }
    return { seen, code: 0 }
  })()
  const call = open(client, 'Start', chat(model))
  const heard = hear(call)
  await new Promise((resolve) => call.once('data', resolve))
  await expect.poll(() => told).toEqual(['SERVING'])
  own.gateway.process.kill('SIGTERM')
  const { events, status } = await heard
  expect(events.at(-1)).toMatchObject({ end: { reason: 'interrupted', cause: 'drain' } })
  expect(status.code).toBe(14)
  expect(told).toEqual(['SERVING', 'NOT_SERVING'])
  expect((await overHttp1).seen).toEqual([1, 2])
  expect(await own.gateway.exited).toEqual({ code: 0, signal: null })
})

function binary({ baseUrl }: { baseUrl: string }): ReturnType<typeof createConnectTransport> {
  return createConnectTransport({ baseUrl, useBinaryFormat: true })
}
