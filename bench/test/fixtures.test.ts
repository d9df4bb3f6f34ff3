import { createClient } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import { TokenStreamService } from '@sluice/grpc/v1'
import { DefaultChatTransport, readUIMessageStream, type UIMessage } from 'ai'
import { createParser } from 'eventsource-parser'
import { afterAll, describe, expect, test } from 'vitest'

import {
  AI_SDK,
  BACKEND,
  CONNECT,
  type Contestant,
  EXPRESS,
  FASTIFY,
  GRPC_JS,
  HONO,
  HONO_RESPONSE,
  NAIVE,
  NEXT,
  NEXT_RESPONSE,
  RAW_WS,
  SLUICE_WS,
  SLUICE_WS_IMMEDIATE,
  SOCKET_IO,
  WAITING,
  WAITING_WS,
  SLUICE,
  SLUICE_400,
  SLUICE_GRPC,
  SLUICE_IMMEDIATE,
  SLUICE_UI,
  SLUICE_UI_IMMEDIATE,
} from '../contestants/roster.ts'
import { FAT_TOKEN_BYTES, fatTokenOf, textOf, TOKEN_CHARS, tokenOf } from '../traffic/fixtures.ts'
import { faultOf } from '../load/check.ts'
import { LoadConnection } from '../load/connection.ts'
import { readResponse } from '../load/response.ts'
import { HOPS, POST, startHop } from '../rows/http/gateway-hop.ts'
import type { Shape } from '../traffic/source.ts'
import { Round } from '../traffic/source.ts'
import { Stage } from '../load/stage.ts'
import { expectExact } from './exact.ts'

const SHAPES: Record<string, Shape> = {
  'one token a turn': { tokens: 300 },
  'bursts of 32': { tokens: 320, burst: 32 },
  paced: { tokens: 20, tokensPerSecond: 200 },
}
const CONTESTANTS: readonly Contestant[] = [
  ...[NAIVE, WAITING, SLUICE, SLUICE_IMMEDIATE, SLUICE_400],
  ...[EXPRESS, FASTIFY, HONO, HONO_RESPONSE, NEXT, NEXT_RESPONSE],
]

const UI_CONTESTANTS: readonly Contestant[] = [AI_SDK, SLUICE_UI, SLUICE_UI_IMMEDIATE]
const GRPC_CONTESTANTS: readonly Contestant[] = [GRPC_JS, CONNECT, SLUICE_GRPC]

describe('what sources say', () => {
  test('is the same on every machine', () => {
    expect(textOf(0, 6)).toBe(FIRST_TEXT)
    expect([tokenOf(7, 123), tokenOf(999, 4)]).toEqual(FURTHER_TOKENS)
  })

  test('is made of tokens of four characters that no wire escapes', () => {
    for (let index = 0; index < 4_096; index++) expect(tokenOf(0, index)).toMatch(/^[ a-z]{4}$/)
    expect(textOf(3, 50)).toHaveLength(50 * TOKEN_CHARS)
    expect(textOf(3, 50)).not.toBe(textOf(4, 50))
  })

  test('is made of 4 KiB tokens that differ from one another, where it is to fill memory', () => {
    expect(fatTokenOf(1, 2)).toHaveLength(FAT_TOKEN_BYTES)
    expect(fatTokenOf(1, 2)).toBe(fatTokenOf(1, 2))
    expect(new Set([fatTokenOf(0, 1), fatTokenOf(0, 2), fatTokenOf(1, 1)]).size).toBe(3)
  })

  test.each(Object.entries(SHAPES))('is what the source yields: %s', async (_, shape) => {
    const round = new Round({ main: shape }, 1)
    let text = ''
    for await (const token of round.sourceAt('/main/5')()) text += token
    expect(text).toBe(textOf(5, shape.tokens))
  })
})

describe('the load client', () => {
  const exact = { status: 200, text: textOf(1, 9), complete: true, arrivals: [], events: 9, lastEventId: undefined }

  test('takes an exact answer', () => {
    expect(faultOf(exact, textOf(1, 9))).toBeUndefined()
  })

  test.each([
    ['a refusal', { status: 503 }],
    ['a lost token', { text: textOf(1, 9).slice(TOKEN_CHARS) }],
    ['a repeated token', { text: textOf(1, 9) + tokenOf(1, 8) }],
    ['another stream', { text: textOf(2, 9) }],
    ['a cut that looks like an end', { complete: false }],
  ])('does not take %s', (_, fault) => {
    expect(faultOf({ ...exact, ...fault }, textOf(1, 9))).toBeTypeOf('string')
  })
})

describe.each(CONTESTANTS.map((contestant) => [contestant.name, contestant] as const))('%s', (_, contestant) => {
  const stage = new Stage(contestant, { quick: true })
  const ready = stage.ready()
  afterAll(() => stage.over())

  test.each(Object.entries(SHAPES))('answers exactly: %s', async (_name, shape) => {
    await ready
    await expectExact(stage, shape)
  })

  test('is read alike by the load client and by eventsource-parser', async () => {
    await ready
    const { body, heard } = await ask(stage, { tokens: 40 })
    let text = ''
    let lastType = ''
    const parser = createParser({
      onEvent({ event = 'message', data }) {
        lastType = event
        if (event === 'text') text += (JSON.parse(data) as { text: string }).text
      },
    })
    parser.feed(body)
    expect(text).toBe(textOf(3, 40))
    expect(heard.text).toBe(text)
    expect(lastType).toBe('end')
    expect(heard.complete).toBe(true)
  })
})

describe.each(UI_CONTESTANTS.map((contestant) => [contestant.name, contestant] as const))('%s', (_, contestant) => {
  const stage = new Stage(contestant, { quick: true })
  const ready = stage.ready()
  afterAll(() => stage.over())

  test.each(Object.entries(SHAPES))('answers exactly as a UI message stream: %s', async (_name, shape) => {
    await ready
    await expectExact(stage, shape)
  })

  test('is read by the AI SDK as the load client reads it', async () => {
    await ready
    const { heard } = await ask(stage, { tokens: 40 })
    const api = `http://127.0.0.1:${stage.port}/main/3`
    const transport = new DefaultChatTransport({ prepareReconnectToStreamRequest: () => ({ api }) })
    const stream = (await transport.reconnectToStream({ chatId: 'c' }))!
    let last: UIMessage | undefined
    for await (const message of readUIMessageStream({ stream, terminateOnError: true })) last = message
    expect(last?.parts.map((part) => (part.type === 'text' ? part.text : '')).join('')).toBe(textOf(3, 40))
    expect(heard).toMatchObject({ text: textOf(3, 40), complete: true })
  })
})

describe.each(
  [RAW_WS, WAITING_WS, SOCKET_IO, SLUICE_WS, SLUICE_WS_IMMEDIATE].map(
    (contestant) => [contestant.name, contestant] as const,
  ),
)('%s', (_, contestant) => {
  const stage = new Stage(contestant, { quick: true })
  const ready = stage.ready()
  afterAll(() => stage.over())

  test.each(Object.entries(SHAPES))('answers exactly over WebSocket: %s', async (_name, shape) => {
    await ready
    expect(await expectExact(stage, shape)).toBeGreaterThan(5)
  })
})

describe.each(GRPC_CONTESTANTS.map((contestant) => [contestant.name, contestant] as const))('%s', (_, contestant) => {
  const stage = new Stage(contestant, { quick: true })
  const ready = stage.ready()
  afterAll(() => stage.over())

  test.each(Object.entries(SHAPES))('answers exactly: %s', async (_name, shape) => {
    await ready
    await expectExact(stage, shape)
  })

  test('is read by an official client as the load client reads it', async () => {
    await ready
    await stage.server.ask('begin', { shapes: { main: { tokens: 40 } }, streams: 4 })
    const transport = createGrpcTransport({ baseUrl: `http://127.0.0.1:${stage.port}` })
    let text = ''
    for await (const { events } of createClient(TokenStreamService, transport).start({ input: { path: '/main/3' } }))
      for (const { event } of events) if (event.case === 'text') text += event.value
    expect(text).toBe(textOf(3, 40))
  })
})

test('naive writes the very bytes that sluice writes when nothing is merged', async () => {
  const answers: { head: string; body: string }[] = []
  for (const contestant of [NAIVE, SLUICE_IMMEDIATE]) {
    const stage = new Stage(contestant, { quick: true })
    await stage.ready()
    answers.push(await ask(stage, { tokens: 60 }))
    await stage.over()
  }
  expect(answers[0]).toMatchObject({ head: answers[1]!.head, body: answers[1]!.body })
})

test('the backend answers exactly, straight and through the gateway on each of its wires', async () => {
  const stage = new Stage(BACKEND, { quick: true })
  await stage.ready()
  const hop = await startHop(stage.port)
  const asked = [{ port: stage.port, post: POST }, ...HOPS.map(({ post }) => ({ port: hop.port, post }))]
  for (const { port, post } of asked) {
    await stage.open({ main: { tokens: 100, gated: true } }, 3, { port, post })
    await stage.flow()
    expect((await stage.check(100)).wrong).toBe(0)
    await stage.forget()
  }
  await hop.child.stop()
  await stage.over()
})

/** One answer, its stream's id replaced by a name and its head freed of what differs from second to second. */
async function ask(
  stage: Stage,
  main: Shape,
): Promise<{ head: string; body: string; heard: ReturnType<typeof readResponse> }> {
  await stage.server.ask('begin', { shapes: { main }, streams: 4 })
  const connection = new LoadConnection(stage.port, { stream: 3, path: '/main/3' })
  await connection.ended
  const raw = connection.bytes.toString()
  const id = /sluice-stream-id: (\w+)/.exec(raw)?.[1] ?? 'none'
  const [head, framed] = raw.replaceAll(id, 'ID').split(/\r\n\r\n(.*)/s) as [string, string]
  const lines = head.split('\r\n').filter((line) => !line.startsWith('Date:'))
  const body = framed.replaceAll(/(?:^|\r\n)[0-9a-f]+\r\n/g, '').replace(/\r\n$/, '')
  return { head: lines.toSorted().join('\n'), body, heard: readResponse(connection) }
}

const FIRST_TEXT = 'gczkzinmpipdsipgvifcrsnm'
const FURTHER_TOKENS = ['pjai', 'znpe']
