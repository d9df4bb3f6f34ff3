import type { SluiceError } from '@sluice/core'
import { toOpenAiError } from '@sluice/wires/openai'
import { describe, expect, test } from 'vitest'
import { type Answer, errorOf, events, json } from '../rig/backend-error.ts'
import { chunk } from '../rig/fake-backend.ts'

/** What OpenAI's clients are shown of it. */
const shown = ({ code, message, status, extra }: SluiceError): { message: string } =>
  toOpenAiError({ code, message, status, extra: extra as never }).error

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
