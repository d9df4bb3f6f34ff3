import { isSluiceError, type SluiceError } from '@sluice/core'
import { openAiChatSource, toOpenAiError } from '@sluice/wires/openai'
import { describe, expect, test } from 'vitest'
import { answering } from '../answering.ts'
import { chunk, DONE } from '../fake-backend.ts'
import { readUntilError } from '../reading.ts'

interface Answer {
  readonly status?: number
  readonly type?: string
  readonly body: string
}

/** What asking a backend that answers like this throws. */
async function errorOf(
  { status = 200, type = 'application/json', body }: Answer,
  apiKey?: string,
): Promise<SluiceError> {
  const source = openAiChatSource({
    baseUrl: 'http://backend/v1',
    apiKey,
    body: { model: 'm' },
    fetch: async () => new Response(body, { status, headers: { 'content-type': type } }),
  })
  const { error } = await readUntilError(source)
  if (isSluiceError(error)) return error
  throw new Error(`It threw ${String(error)}`)
}

/** What OpenAI's clients are shown of it. */
const shown = ({ code, message, status, extra }: SluiceError): { message: string } =>
  toOpenAiError({ code, message, status, extra: extra as never }).error

const json = (value: unknown, status = 400): Answer => ({ status, body: JSON.stringify(value) })
const events = (body: string): Answer => ({ type: 'text/event-stream', body })

describe('the words of a backend are told, whatever shape they have', () => {
  test.each<[string, Answer, string]>([
    ["OpenAI's", json({ error: { message: 'too long', type: 't', param: 'p', code: 'c' } }), 'too long'],
    ['flat', json({ message: 'flat' }), 'flat'],
    ['mere text', json({ error: 'mere text' }), 'mere text'],
    ['a text in quotes', json('quoted'), 'quoted'],
    ['a list of errors', json([{ error: { code: 400, message: 'signature missing' } }]), 'signature missing'],
    ['a list of several', json({ errors: [{ message: 'one' }, 'two', {}] }), 'one; two'],
    [
      'a message that is an object',
      json({ object: 'error', message: { detail: [{ loc: ['body', 'seed'], msg: 'no' }] } }),
      'body.seed: no',
    ],
    ['a message that is a list', json({ error: { message: ['at most 1'], code: 400 } }), 'at most 1'],
    ['a detail', json({ detail: 'fastapi' }), 'fastapi'],
    [
      'a list of details',
      json({ detail: [{ loc: ['body', 0, 'x'], msg: 'required' }, { msg: 'odd' }] }),
      'body.0.x: required; odd',
    ],
    ['a detail that is an error', json({ detail: { error: { message: 'deep' } } }), 'deep'],
    [
      'a category and a message',
      json({ error: 'Not Found', message: 'no such model', statusCode: 404 }),
      'Not Found: no such model',
    ],
    ['a category and a description', json({ error: 'invalid', error_description: 'the key' }), 'invalid: the key'],
    ['a flag and a message', json({ error: true, message: 'flagged' }), 'flagged'],
    ["a problem's", json({ type: 'about:blank', title: 'Bad', detail: 'really' }), 'really'],
    ['a message of another name', json({ status: '439', msg: 'expired', body: null }), 'expired'],
    ['a message inside of a status', json({ base_resp: { status_code: 1004, status_msg: 'login' } }), 'login'],
    ['nothing that is called a message', json({ code: 17, why: ['x'] }), '{"code":17,"why":["x"]}'],
    [
      'plain text',
      { status: 404, type: 'text/plain', body: '  model "m" not found,\n pull it ' },
      'model "m" not found, pull it',
    ],
    ['text that calls itself JSON', { status: 500, body: 'Internal Server Error' }, 'Internal Server Error'],
    [
      'a page',
      { status: 502, type: 'text/html', body: '<html><head><title>\n502 Bad Gateway</title></head></html>' },
      '502 Bad Gateway',
    ],
    [
      'a page without a title',
      { status: 502, type: 'text/html', body: '<style>p{}</style><h1>Oh</h1><script>1</script><p>no</p>' },
      'Oh no',
    ],
    [
      'XML',
      { status: 403, type: 'application/xml', body: '<Error><Code>Denied</Code><Message>by policy</Message></Error>' },
      'Denied by policy',
    ],
    ['a success with an error in it', json({ error: { message: 'no', code: 429 } }, 200), 'no'],
    ['a success with an error format of its own', json({ code: 'InvalidApiKey', message: 'bad key' }, 200), 'bad key'],
    ['a success that is a list of an error', json([{ error: { message: 'listed' } }], 200), 'listed'],
    ['a bare error instead of a stream', events('{"error":{"message":"not loaded"}}'), 'not loaded'],
    ['a page instead of a stream', events('<title>Sign in</title>'), 'Sign in'],
    ['an error event', events('event: error\ndata: {"message":"boom"}\n\n'), 'boom'],
    ['an error event of plain text', events('event: error\ndata: The GPU fell over\n\n'), 'The GPU fell over'],
    ['an error event without its end', events('event: error\ndata: The GPU fell over'), 'The GPU fell over'],
    ['an error among the events', events(`data: {"error":{"message":"boom"}}\n\n`), 'boom'],
    ['an error that is a list among the events', events(`data: [{"error":{"message":"boom"}}]\n\n`), 'boom'],
    ['an event of type error', events(`data: {"type":"error","code":"400","message":"boom"}\n\n`), 'boom'],
    ['an event with an error format of its own', events(`data: {"status":439,"msg":"boom"}\n\n`), 'boom'],
    [
      'an error inside of a choice',
      events(chunk({ content: '' }, { finish: 'error', choice: { error: { code: 502, message: 'boom' } } })),
      'boom',
    ],
    [
      'an error beside a choice',
      events(chunk({ content: '' }, { finish: 'error', chunk: { error: { message: 'boom' } } })),
      'boom',
    ],
  ])('%s', async (_, answer, words) => {
    const error = await errorOf(answer)
    expect(error.code).toBe('SLUICE_ERR_BACKEND')
    expect(error.message).toContain(words)
    expect(shown(error).message).toContain(words)
    if (answer.status !== undefined && answer.status !== 200) expect(error.status).toBe(answer.status)
  })

  test('a body without a word leaves the status', async () => {
    for (const body of ['', ' \n', '<html>', '{}', '[]']) {
      const error = await errorOf({ status: 503, body })
      expect(error).toMatchObject({ status: 503, extra: undefined, message: 'The backend answered with status 503.' })
    }
  })

  test('what stands beside the words is kept', async () => {
    const own = { message: 'no', type: 't', param: null, code: 'c', metadata: { raw: 'why' } }
    expect((await errorOf(json({ error: own }))).extra).toEqual({ error: own })
    const detail = [{ loc: ['body'], msg: 'required' }]
    expect((await errorOf(json({ detail }))).extra).toEqual({ error: { message: 'body: required', detail } })
    expect((await errorOf(json({ error: { message: ['a', 'b'] } }))).extra).toEqual({
      error: { message: 'a; b', detail: ['a', 'b'] },
    })
  })

  test('a body that is too long is cut, and told without its details', async () => {
    const long = 'word '.repeat(100_000)
    for (const body of [
      long,
      JSON.stringify({ error: { message: long, code: 'c', more: long } }),
      JSON.stringify(long),
    ]) {
      const error = await errorOf({ status: 400, body })
      expect(error.message).toContain('word word')
      expect(error.message.length).toBeLessThan(2_200)
      expect(JSON.stringify(error.extra).length).toBeLessThan(3_000)
    }
    const streamed = await errorOf(
      events(`data: {"error":{"message":"m","code":"c","more":"${'x'.repeat(1_000_000)}"}}\n\n`),
    )
    expect(streamed.extra).toEqual({ error: { message: 'm', code: 'c' } })
  })

  test.each<[unknown, number]>([
    [{ error: { code: 429, message: 'm' } }, 429],
    [{ error: { code: '503', message: 'm' } }, 503],
    [{ error: { message: 'm' }, status_code: 401 }, 401],
    [{ status: 404, message: 'm' }, 404],
    [{ error: { code: 'rate', message: 'm' } }, 502],
    [{ error: { code: 200, message: 'm' } }, 502],
    [{ error: { code: 4e9, message: 'm' } }, 502],
  ])('a success that is none has the status that %j names', async (body, status) => {
    expect((await errorOf(json(body, 200))).status).toBe(status)
    expect((await errorOf(events(`data: ${JSON.stringify(body)}\n\n`))).status).toBe(status)
  })
})

describe('a success that holds no answer is an error that quotes it', () => {
  test.each<[string, Answer, RegExp]>([
    ['another JSON', json({ status: 'ok' }, 200), /\{"status":"ok"\}/],
    ['choices that are null', json({ object: 'chat.completion', choices: null }, 200), /"choices":null/],
    ['no choices', json({ object: 'chat.completion', choices: [] }, 200), /"choices":\[\]/],
    ['a choice of nothing', json({ choices: [{ index: 0 }, { message: null }] }, 200), /"choices":\[/],
    ['no JSON', { body: 'It works!' }, /It works!/],
    ['half a JSON', { body: '{"choices":[{"message":{"content":"a"' }, /"content":"a"/],
    ['a page', { type: 'text/html', body: '<html><title>Sign in</title></html>' }, /text\/html.*Sign in/],
    ['a page without an end', { type: 'text/html', body: `<p>${'x'.repeat(100_000)}` }, /text\/html.*xxx…/],
    ['nothing', { body: '' }, /empty/],
    ['blank lines', events('\n\n\n'), /empty/],
    ['comments', events(': still here\n\n: still here\n\n'), /still here/],
    ['[DONE] alone', events(DONE), /\[DONE\]/],
    ['token counts and [DONE]', events(`data: {"choices":[],"usage":{"total_tokens":1}}\n\n${DONE}`), /total_tokens/],
    ['another kind of stream', events('event: ping\ndata: {"at":1}\n\n'), /"at":1/],
    ['text instead of a stream', events('no healthy upstream'), /no healthy upstream/],
    ['chunks that are no JSON', events('data: hello\n\n'), /hello/],
  ])('%s', async (_, answer, quoted) => {
    const error = await errorOf(answer)
    expect(error).toMatchObject({ code: 'SLUICE_ERR_BACKEND', status: 502 })
    expect(error.message).toMatch(quoted)
    expect(error.message.length).toBeLessThan(700)
  })

  test('an answer is read by what it is, not by what it calls itself', async () => {
    const completion = JSON.stringify({ choices: [{ message: { content: 'whole' }, finish_reason: 'stop' }] })
    const streamed = chunk({ content: 'whole' }) + chunk({}, { finish: 'stop' }) + DONE
    for (const type of ['text/event-stream', 'application/json', 'text/plain', 'application/octet-stream', '']) {
      for (const body of [completion, `\n \n${completion}`, `\ufeff${completion}`, streamed, `: hi\n\n${streamed}`]) {
        const source = openAiChatSource({
          baseUrl: 'http://backend/v1',
          body: { model: 'm' },
          fetch: async () => new Response(body, { headers: type === '' ? {} : { 'content-type': type } }),
        })
        const { events: read, error } = await readUntilError(source)
        expect([error, read[0]]).toEqual([undefined, { type: 'text', text: 'whole' }])
      }
    }
  })
})

describe('causes', () => {
  test('the code of what kept the backend from being reached is told, and nothing else of it', async () => {
    const cause = Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:8000'), { code: 'ECONNREFUSED' })
    const told: [SluiceError, string][] = []
    const source = openAiChatSource({
      baseUrl: 'http://backend/v1',
      body: {},
      fetch: async () => Promise.reject(new TypeError('fetch failed', { cause })),
      onFailure(error, stream) {
        told.push([error, stream])
        throw new Error('An observer must not matter')
      },
    })
    const { error } = await readUntilError(source)
    expect((error as Error).message).toBe('The backend could not be reached (ECONNREFUSED).')
    expect((error as Error).cause).toMatchObject({ cause })
    expect(told).toEqual([[error, 's1']])
  })

  test('so is that of what broke the answer off', async () => {
    const body = new ReadableStream({
      pull(controller) {
        controller.error(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }))
      },
    })
    const told: SluiceError[] = []
    const fetch = async (): Promise<Response> =>
      new Response(body, { headers: { 'content-type': 'text/event-stream' } })
    const source = openAiChatSource({
      baseUrl: 'http://backend/v1',
      body: {},
      fetch,
      onFailure: (error) => void told.push(error),
    })
    const { error } = await readUntilError(source)
    expect((error as Error).message).toContain('(ECONNRESET)')
    expect(told).toEqual([error])
  })

  test('an answer that is whole, and an abort, are no failures', async () => {
    const told: SluiceError[] = []
    const onFailure = (error: SluiceError): void => void told.push(error)
    const whole = answering([chunk({ content: 'a' }), DONE])
    await readUntilError(openAiChatSource({ baseUrl: 'http://backend/v1', body: {}, fetch: whole, onFailure }))
    expect(told).toEqual([])
  })
})
