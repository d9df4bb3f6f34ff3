import { openAiChatSource } from '@sluice/wires/openai'
import { describe, expect, test } from 'vitest'
import { type Answer, errorOf, events, json } from '../rig/backend-error.ts'
import { chunk, DONE } from '../rig/fake-backend.ts'
import { readUntilError } from '../rig/reading.ts'

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
