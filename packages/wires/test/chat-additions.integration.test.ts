import { randomUUID } from 'node:crypto'
import { isSluiceError } from '@sluice/core'
import { openAiChatSource } from '@sluice/wires/openai'
import { describe, expect, test } from 'vitest'
import { chunk, DONE, type Exchange, startBackend } from './rig/fake-backend.ts'
import { readUntilError } from './rig/reading.ts'

const MESSAGES = [{ role: 'user', content: 'hi' }]
const REASON = { error: { message: 'Extra inputs are not permitted', type: 'invalid_request_error' } }

/** What the backend was sent of the members that sluice adds. */
function added({ body }: Exchange): string {
  const { stream, stream_options: options } = body as { stream?: boolean; stream_options?: object }
  return [stream === true && 'stream', options && JSON.stringify(options)].filter(Boolean).join(' ')
}

function refuse({ response }: Exchange, status: number, reason: unknown): void {
  const text = typeof reason === 'string' ? reason : JSON.stringify(reason)
  response.writeHead(status, { 'content-type': 'application/json' }).end(text)
}

function answer({ body, response }: Exchange): void {
  if (body.stream === true) {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(chunk({ content: 'ok' }) + chunk({}, { finish: 'stop' }) + DONE)
    return
  }
  const message = { role: 'assistant', content: 'ok' }
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ object: 'chat.completion', choices: [{ index: 0, message, finish_reason: 'stop' }] }))
}

interface Asked {
  /** What was added in each request. */
  readonly asked: readonly string[]
  readonly text: string
  readonly error: unknown
}

/** Asks `times` for the same model. */
async function ask(
  backendDoes: (exchange: Exchange) => unknown,
  { times = 1, ...body }: { times?: number; [name: string]: unknown } = {},
): Promise<Asked[]> {
  await using backend = await startBackend(backendDoes)
  const model = `model-${randomUUID()}`
  const results: Asked[] = []
  for (let time = 0; time < times; time++) {
    const before = backend.exchanges.length
    const source = openAiChatSource({
      baseUrl: backend.baseUrl,
      body: { model, messages: MESSAGES, ...body } as Parameters<typeof openAiChatSource>[0]['body'],
    })
    const { events, error } = await readUntilError(source)
    const text = events.map((event) => (event.type === 'text' ? event.text : '')).join('')
    results.push({ asked: backend.exchanges.slice(before).map(added), text, error })
  }
  return results
}

const usage = '{"include_usage":true}'
const refusesOptions = (status: number, reason: unknown) => (exchange: Exchange) =>
  exchange.body.stream_options ? refuse(exchange, status, reason) : answer(exchange)
const refusesStreams = (status: number, reason: unknown) => (exchange: Exchange) =>
  exchange.body.stream ? refuse(exchange, status, reason) : answer(exchange)

describe('stream_options that sluice added', () => {
  test.each([
    ['OpenAI’s words', 400, { error: { message: 'Unknown parameter: stream_options', param: 'stream_options' } }],
    ['a list of details', 422, { detail: [{ type: 'extra_forbidden', loc: ['body', 'stream_options'] }] }],
    ['a sentence', 400, 'unknown field `stream_options`, expected one of `model`, `messages`'],
    ['an error of the server', 500, "create() got an unexpected keyword argument 'stream_options'"],
    ['no name', 422, REASON],
    ['no words', 400, ''],
  ])('refused with %s are left out, and remembered', async (_, status, reason) => {
    const [first, second] = await ask(refusesOptions(status, reason), { stream: true, times: 2 })
    expect(first).toEqual({ asked: [`stream ${usage}`, 'stream'], text: 'ok', error: undefined })
    expect(second).toEqual({ asked: ['stream'], text: 'ok', error: undefined })
  })

  test('leave the client’s own options behind', async () => {
    const options = { include_obfuscation: false }
    const picky = (exchange: Exchange): unknown =>
      JSON.stringify(exchange.body.stream_options).includes('usage') ? refuse(exchange, 400, REASON) : answer(exchange)
    const [asked] = await ask(picky, { stream: true, stream_options: options })
    expect(asked?.asked.at(-1)).toBe(`stream ${JSON.stringify(options)}`)
    expect(asked?.text).toBe('ok')
  })

  test('that the client asked for itself are the client’s: their refusal is told', async () => {
    const reason = { error: { message: 'Unknown parameter: stream_options' } }
    const [asked] = await ask(refusesOptions(400, reason), { stream: true, stream_options: { include_usage: true } })
    expect(asked?.asked).toEqual([`stream ${usage}`])
    expect(isSluiceError(asked?.error) && asked.error.status).toBe(400)
  })
})

describe('a stream where the client wants one body', () => {
  test.each([
    [
      'an account that may not',
      400,
      { error: { message: 'Verify your organization to stream this model.', param: 'stream' } },
    ],
    ['a method that is not there', 501, { error: 'streaming is not supported' }],
    ['no words', 405, ''],
  ])('refused for %s is given up, and that is remembered', async (_, status, reason) => {
    const [first, second] = await ask(refusesStreams(status, reason), { stream: false, times: 2 })
    expect(first?.text).toBe('ok')
    expect(first?.asked.at(-1)).toBe('')
    expect(second).toEqual({ asked: [''], text: 'ok', error: undefined })
  })

  test('is never given up where the client asks for it', async () => {
    const reason = { error: { message: 'You may not stream this model.' } }
    const [asked] = await ask(refusesStreams(400, reason), { stream: true, stream_options: { include_usage: true } })
    expect(asked?.asked).toHaveLength(1)
    expect(isSluiceError(asked?.error) && asked.error.status).toBe(400)
  })
})

describe('what has another reason', () => {
  test.each([
    [400, { error: { message: "Invalid 'temperature'", param: 'temperature' } }],
    [404, { error: { message: 'The model does not exist', code: 'model_not_found' } }],
    [401, ''],
    [413, REASON],
    [429, { error: { message: 'You stream too much' } }],
    [500, { error: { message: 'CUDA out of memory' } }],
    [503, ''],
  ])('%i %j is asked once', async (status, reason) => {
    const [asked] = await ask((exchange) => refuse(exchange, status, reason), { stream: false })
    expect(asked?.asked).toEqual([`stream ${usage}`])
    expect(isSluiceError(asked?.error) && asked.error.status).toBe(status)
  })

  test('that shows the whole request is asked again, and nothing is remembered of it', async () => {
    let broken = true
    const [refused, served] = await ask(
      (exchange) => {
        if (!broken) return answer(exchange)
        if (!exchange.body.stream) broken = false
        return refuse(exchange, 422, { detail: [{ msg: 'Field required', input: exchange.body }] })
      },
      { stream: false, times: 2 },
    )
    expect(isSluiceError(refused?.error) && refused.error.status).toBe(422)
    expect(served).toEqual({ asked: [`stream ${usage}`], text: 'ok', error: undefined })
  })

  test('without words is tried without additions only until they were once taken', async () => {
    let requests = 0
    const once = (exchange: Exchange): void => (requests++ === 0 ? answer(exchange) : refuse(exchange, 400, ''))
    const [served, refused] = await ask(once, { stream: true, times: 2 })
    expect(served?.text).toBe('ok')
    expect(refused?.asked).toEqual([`stream ${usage}`])
  })
})
