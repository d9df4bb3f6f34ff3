import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

import { createSluice, type Json } from '@sluice/core'
import { createStreamResource, planToResponse, toHttpRequest as toFetchRequest } from '@sluice/http'
import { sendPlan, toHttpRequest } from '@sluice/http/node'
import { describe, expect, test } from 'vitest'

/** Reads a body as parsers do: to its end, and leaves something in `request.body`. */
type Parser = (text: string) => unknown

const BODY = '{"stream":false,"prompt":"hi"}'
const POST = { method: 'POST', headers: { 'content-type': 'application/json' }, body: BODY } as const

/** What a runner was given, and the answer, where a parser was there first. */
async function postBehind(parser: Parser): Promise<{ status: number; told: unknown; bodies: Json[] }> {
  const bodies: Json[] = []
  const resource = createStreamResource<IncomingMessage>({
    sluice: createSluice(),
    identify: () => ({ owner: 'ada' }),
    runner: (body, { request }) => {
      expect(request.bodyText?.() ?? BODY).toBe(BODY)
      bodies.push(body as Json)
      return () => ['x']
    },
  })
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    request.on('end', () => {
      Object.assign(request, { body: parser(text) })
      void resource.handle(toHttpRequest(request, response)).then((plan) => sendPlan(response, plan))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}/streams`, POST)
  const told: unknown = await response.json()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  return { status: response.status, told, bodies }
}

describe('behind a parser that has read the body', () => {
  test.each<[string, Parser]>([
    ['value', (text) => JSON.parse(text) as unknown],
    ['text', (text) => text],
    ['bytes', (text) => Buffer.from(text)],
  ])('its %s is the body', async (_, parser) => {
    const { status, bodies } = await postBehind(parser)
    expect([status, bodies]).toEqual([200, [{ stream: false, prompt: 'hi' }]])
  })

  test('that left nothing, the answer is a 500 that says so', async () => {
    const { status, told } = await postBehind(() => undefined)
    expect([status, told]).toEqual([
      500,
      expect.objectContaining({ detail: expect.stringContaining('was read before') }),
    ])
  })

  test('a fetch request whose body was used is a 500 that says so', async () => {
    const resource = createStreamResource<Request>({
      sluice: createSluice(),
      identify: () => ({ owner: 'ada' }),
      runner: () => () => ['x'],
    })
    const request = new Request('http://x/streams', POST)
    await request.json()
    const response = planToResponse(await resource.handle(toFetchRequest(request)))
    expect([response.status, await response.json()]).toEqual([
      500,
      expect.objectContaining({ detail: expect.stringContaining('was read before') }),
    ])
  })
})

test('a parser that has let a body pass, and left an empty object, is not believed', async () => {
  const bodies: Json[] = []
  const resource = createStreamResource<IncomingMessage>({
    sluice: createSluice(),
    identify: () => ({ owner: 'ada' }),
    runner: (body) => (bodies.push(body as Json), () => ['x']),
  })
  const server = createServer((request, response) => {
    Object.assign(request, { body: {} })
    void resource.handle(toHttpRequest(request, response)).then((plan) => sendPlan(response, plan))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}/streams`, POST)
  expect([response.status, bodies]).toEqual([200, [{ stream: false, prompt: 'hi' }]])
  await response.text()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})
