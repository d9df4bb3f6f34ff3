import { SluiceError } from '@sluice/core'
import { describe, expect, test } from 'vitest'

import { CHAT, chatTextOf, createRig, createScript, eventsOf, saying, textOf } from '../../rig/rig.ts'

const HELLO = saying('Hel', 'lo', ' world')

describe('POST /chat/completions', () => {
  test('streams chunks and [DONE] when asked to stream', async () => {
    const { ask, bodies } = createRig(HELLO)
    const json = { ...CHAT, stream: true, background: 'theirs', sluice: { key: 'a' } }
    const response = await ask('POST', '/chat/completions', { json })
    const events = await eventsOf(response)
    expect(events.at(-1)?.data).toBe('[DONE]')
    expect(chatTextOf(events)).toBe('Hello world')
    const id = response.headers.get('sluice-stream-id')
    expect(JSON.parse(events[0]!.data)).toMatchObject({ id: `chatcmpl-${id}`, model: 'demo' })
    expect(bodies).toEqual([{ ...CHAT, stream: true, background: 'theirs' }])
  })

  test('collects one JSON body otherwise, from the same stream', async () => {
    const { ask } = createRig(saying('Hel', 'lo', { type: 'usage', usage: { inputTokens: 3, outputTokens: 2 } }))
    const response = await ask('POST', '/chat/completions', { json: CHAT })
    const id = response.headers.get('sluice-stream-id')
    expect(await response.json()).toMatchObject({
      id: `chatcmpl-${id}`,
      object: 'chat.completion',
      model: 'demo',
      created: expect.any(Number) as number,
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
    })
    const again = await ask('GET', `/streams/${id}`)
    expect(again.headers.get('content-type')).toContain('text/event-stream')
    expect(chatTextOf(await eventsOf(again))).toBe('Hello')
  })

  test.each([
    [true, 1],
    [false, 0],
  ])('tells usage on the wire when include_usage is %s', async (include, chunks) => {
    const { ask } = createRig(saying('a', { type: 'usage', usage: { inputTokens: 1, outputTokens: 1 } }))
    const json = { ...CHAT, stream: true, stream_options: { include_usage: include } }
    const response = await ask('POST', '/chat/completions', { json })
    const bodies = (await eventsOf(response))
      .filter(({ data }) => data !== '[DONE]')
      .map(({ data }) => JSON.parse(data))
    expect(bodies.filter(({ usage }) => usage)).toHaveLength(chunks)
  })

  test('answers a stream that is cut with the status and the words of the failure, never with half a body', async () => {
    const script = createScript()
    const { ask } = createRig(script.source)
    script.open()
    script.give('half')
    script.fail(new SluiceError('SLUICE_ERR_BACKEND', 'gone', { status: 503, extra: { error: { message: 'theirs' } } }))
    const response = await ask('POST', '/chat/completions', { json: CHAT })
    expect(response.status).toBe(503)
    expect(await response.json()).toEqual({
      error: { message: 'theirs', type: 'server_error', param: null, code: null },
    })
  })

  test('asks official clients not to have again what was generated and then failed', async () => {
    for (const path of ['/chat/completions', '/streams']) {
      for (const items of [[], ['half']]) {
        const script = createScript()
        script.open()
        for (const item of items) script.give(item)
        script.fail(new SluiceError('SLUICE_ERR_BACKEND', 'It broke.'))
        const { ask } = createRig(script.source)
        const response = await ask('POST', path, { json: { ...CHAT, stream: false } })
        const retry = response.headers.get('x-should-retry')
        expect([response.status, retry]).toEqual([502, items.length > 0 ? 'false' : null])
      }
    }
  })

  test('refuses to collect more than the cap, and says where the answer can be read', async () => {
    const { ask } = createRig(saying('x'.repeat(600), 'y'.repeat(600)), { maxJsonBytes: 1000 })
    const response = await ask('POST', '/chat/completions', { json: CHAT })
    expect(response.status).toBe(502)
    expect(await response.json()).toMatchObject({ error: { code: 'SLUICE_ERR_TOO_LARGE' } })
    expect(response.headers.get('x-should-retry')).toBe('false')
    const again = await ask('GET', response.headers.get('content-location')!.slice('/v1'.length) + '?wire=native')
    expect(textOf(await eventsOf(again))).toHaveLength(1200)
  })
})
