import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askJson, attachNative, readUntil, startNative, textOf } from '../rig/native-client.ts'
import { chunk, DONE, MESSAGES, type Stage, startStage } from '../rig/stage.ts'

let stage: Stage

beforeAll(async () => {
  stage = await startStage(['--auth', 'bearer', '--upstream-key', 'sk-of-the-gateway'])
})
afterAll(() => stage[Symbol.asyncDispose]())

const ADA = { authorization: 'Bearer sk-ada' }
const EVE = { authorization: 'Bearer sk-eve' }

/** A stream of Ada's that has said one token and goes on. */
async function streamOfAda() {
  const behaviour = stage.behave(async (exchange) => {
    exchange.stream()
    await exchange.send(chunk({ content: 'secret' }))
  })
  const started = await startNative(
    stage.api,
    { model: behaviour.model, sluice: { key: `diary of ${behaviour.model}` } },
    ADA,
  )
  await readUntil(started, 'text')
  return { ...behaviour, started, url: started.location, unknown: `${stage.api}/streams/${'a'.repeat(26)}` }
}

describe('without a key', () => {
  test.each([
    ['/chat/completions', 'POST'],
    ['/models', 'GET'],
    ['/embeddings', 'POST'],
  ])('%s: 401 in the shape of the provider', async (path, method) => {
    for (const authorization of [undefined, 'Bearer ', 'Basic YTpi', 'Bearer']) {
      const response = await fetch(stage.api + path, {
        method,
        headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
        ...(method === 'POST' && { body: JSON.stringify({ model: 'm', messages: MESSAGES }) }),
      })
      expect(response.status).toBe(401)
      const { error } = (await response.json()) as { error: object }
      expect(error).toEqual({
        message: expect.any(String),
        type: 'authentication_error',
        param: null,
        code: expect.any(String),
      })
    }
    // But for the gateway's own question at its start.
    expect(stage.backend.exchanges.map(({ path: asked }) => asked)).toEqual(['/v1/models'])
  })

  test('/streams: 401 as a problem', async () => {
    const response = await fetch(`${stage.api}/streams/x`)
    expect(response.status).toBe(401)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(response.headers.get('www-authenticate')).toBe('Bearer')
  })

  test('health needs none', async () => {
    expect((await fetch(`${stage.gateway.url}/healthz`)).status).toBe(200)
    expect((await fetch(`${stage.gateway.url}/readyz`)).status).toBe(200)
  })
})

describe('another key', () => {
  test('cannot tell the stream from one that does not exist', async () => {
    const { url, unknown, started, first, model } = await streamOfAda()
    const suffixes = ['', `?after=${started.id}.1.1`, '?include=result']
    for (const suffix of suffixes) {
      for (const accept of ['text/event-stream', 'application/json']) {
        const answers = await Promise.all(
          [url, unknown].map((each) =>
            fetch(each + suffix.replace(started.id, each.split('/').at(-1)!), { headers: { ...EVE, accept } }),
          ),
        )
        const [forbidden, missing] = await Promise.all(answers.map(comparable))
        expect(forbidden).toEqual(missing)
        expect(forbidden?.status).toBe(404)
      }
    }
    for (const [verb, body] of [
      ['cancel', undefined],
      ['send', { a: 1 }],
      ['ack', { reader: 'r', cursor: `${started.id}.1.1`, credit: 1 }],
    ] as const) {
      const [forbidden, missing] = await Promise.all(
        [url, unknown].map((each) =>
          askJson(`${each}/${verb}`, {
            method: 'POST',
            headers: EVE,
            body: body && JSON.parse(JSON.stringify(body).replace(started.id, each.split('/').at(-1)!)),
          }),
        ),
      )
      expect([forbidden?.status, forbidden?.value]).toEqual([404, missing?.value])
    }
    expect((await askJson(url, { method: 'DELETE', headers: EVE })).status).toBe(404)
    expect((await askJson(`${stage.api}/streams?key=diary+of+${model}`, { headers: EVE })).status).toBe(204)
    // None of it has done anything.
    expect((await first).response.destroyed).toBe(false)
    expect((await askJson(url, { headers: ADA })).value).toMatchObject({ status: 'running' })
    expect((await askJson(`${url}/cancel`, { method: 'POST', headers: ADA })).status).toBe(200)
    expect((await askJson(url, { method: 'DELETE', headers: ADA })).status).toBe(200)
    // Nor can it be told when it is gone.
    expect((await askJson(url, { headers: EVE })).status).toBe(404)
    expect((await askJson(url, { headers: ADA })).status).toBe(410)
  })

  test('has its own stream of the same key and Idempotency-Key', async () => {
    const { model } = stage.behave(async (exchange) => {
      exchange.stream()
      await exchange.send(
        chunk({ content: `for ${exchange.headers.authorization}` }),
        chunk({}, { finish: 'stop' }),
        DONE,
      )
      exchange.response.end()
    })
    const body = { model, sluice: { key: `diary of ${model}` } }
    const texts = await Promise.all(
      [ADA, EVE].map(async (who) => {
        await using own = await startNative(stage.api, body, { ...who, 'idempotency-key': model })
        expect(own.response.status).toBe(200)
        return textOf(await readUntil(own, 'end'))
      }),
    )
    expect(texts).toEqual(['for Bearer sk-ada', 'for Bearer sk-eve'])
  })
})

test('the key goes to the backend, and never the gateway’s own in its place', async () => {
  const { first, started, url } = await streamOfAda()
  expect((await first).headers.authorization).toBe('Bearer sk-ada')
  await using again = await attachNative(url, ADA)
  expect(textOf(await readUntil(again, 'text'))).toBe('secret')
  const client = new OpenAI({ apiKey: 'sk-official', baseURL: stage.api, maxRetries: 0 })
  const { model, first: asked } = stage.behave(({ response }) =>
    response
      .writeHead(401, { 'content-type': 'application/json' })
      .end('{"error":{"message":"bad key","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}'),
  )
  const refused = client.chat.completions.create({ model, messages: MESSAGES }).catch((error: unknown) => error)
  expect((await asked).headers.authorization).toBe('Bearer sk-official')
  expect(await refused).toMatchObject({ status: 401, code: 'invalid_api_key' })
  await started[Symbol.asyncDispose]()
})

/** What a stranger can see of an answer. */
async function comparable(response: Response) {
  const headers = Object.fromEntries(response.headers)
  delete headers.date
  return { status: response.status, headers, body: await response.text() }
}
