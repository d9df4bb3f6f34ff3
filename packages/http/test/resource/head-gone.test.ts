import { createSluice } from '@sluice/core'
import { createStreamResource, planToResponse, toHttpRequest } from '@sluice/http'
import { beforeEach, describe, expect, test } from 'vitest'

const AS = { owner: 'ada' }
const WORDS = Array.from({ length: 2_000 }, (_, at) => `${at} `)
const WHOLE = WORDS.join('')

/** A server whose streams keep their latest 4 KiB only. */
function server() {
  const sluice = createSluice({ stream: { retentionBytes: 4096, windowBytes: 1024, maxEventBytes: 1024 } })
  const resource = createStreamResource({
    sluice,
    identify: () => AS,
    runner: () =>
      async function* () {
        yield* WORDS
      },
  })
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'once', ...init.headers }
    return planToResponse(await resource.handle(toHttpRequest(new Request(`http://x${path}`, { ...init, headers }))))
  }
  const post = (path: string, body: object): Promise<Response> =>
    ask(path, { method: 'POST', body: JSON.stringify({ model: 'm', ...body }) })
  return { sluice, ask, post }
}

let at: ReturnType<typeof server>
beforeEach(() => void (at = server()))

describe('contract 2: a part never passes for the whole, where the head of a stream is gone', () => {
  test('a repeated request for one body is told so', async () => {
    const first = (await (await at.post('/chat/completions', {})).json()) as { choices: [{ message: object }] }
    expect(first.choices[0].message).toMatchObject({ content: WHOLE })
    const again = await at.post('/chat/completions', {})
    expect(again.status).toBe(410)
    expect(await again.json()).toMatchObject({ error: { code: 'SLUICE_ERR_CURSOR_TRIMMED' } })
  })

  test('so is one for a stream of a wire that cannot say where it begins', async () => {
    await (await at.post('/chat/completions', { stream: true })).text()
    const again = await at.post('/chat/completions', { stream: true })
    expect([again.status, (await again.text()).includes('[DONE]')]).toEqual([410, false])
  })

  test('and whoever attaches on such a wire; a native reader is told by `opened`', async () => {
    const streamed = await at.post('/chat/completions', { stream: true })
    await streamed.text()
    const id = streamed.headers.get('sluice-stream-id')!
    const strict = { accept: 'text/event-stream', prefer: 'handling=strict' }
    expect((await at.ask(`/streams/${id}`, { headers: strict })).status).toBe(410)
    const native = await (await at.ask(`/streams/${id}?wire=native`, { headers: strict })).text()
    expect(native).toMatch(/event: opened\ndata: .*"cursor":"[^"]*\.[1-9]\d+"/)
    expect(native).toMatch(/event: end/)
  })

  test('`text()` rejects, `result()` says that it was trimmed', async () => {
    const stream = await at.sluice.start(() => WORDS, { as: AS })
    await stream.text()
    const late = await at.sluice.attach({ id: stream.id }, { as: AS })
    expect(late.headless).toBe(true)
    await expect(late.text()).rejects.toMatchObject({ code: 'SLUICE_ERR_CURSOR_TRIMMED', status: 410 })
    const { trimmed, text } = await (await at.sluice.attach({ id: stream.id }, { as: AS })).result()
    expect([trimmed, WHOLE.endsWith(text)]).toEqual([true, true])
    // Who asks for the rest gets the rest.
    const cursor = late.position
    expect(await (await at.sluice.attach({ cursor }, { as: AS })).text()).toBe(text)
  })
})
