import { createSluice } from '@sluice/core'
import { planToResponse, toHttpRequest } from '@sluice/http'
import { createUiChat, type UiChatOptions } from '@sluice/http/ai-sdk'
import { createVirtualRuntime } from '@sluice/testing'
import { expect, test } from 'vitest'

import { ToldModel } from '../rig/told-model.ts'

/** A chat without a server before it. */
function chatOf(
  options: Partial<UiChatOptions> = {},
): (path: string, body?: object, query?: string) => Promise<Response> {
  const { handle } = createUiChat({
    sluice: createSluice(),
    identify: () => ({ owner: 'ada' }),
    source: () => () => ['Hello'],
    ...options,
  })
  return async (path, body, query = '') => {
    const headers = { 'content-type': 'application/json' }
    const init = body ? { method: 'POST', headers, body: JSON.stringify(body) } : {}
    const request = new Request(`http://sluice.test/api/chat${path}${query}`, init)
    return planToResponse(await handle(toHttpRequest(request, { mount: '/api/chat' })))
  }
}

test('contract 12: a chat is its owner’s: another’s of the same id stands in nobody’s way, and is stopped by nobody else', async () => {
  const models: Record<string, ToldModel> = { ada: new ToldModel(), grace: new ToldModel() }
  const sluice = createSluice()
  const of = (owner: string) =>
    chatOf({
      sluice,
      identify: () => ({ owner }),
      source: (_, { principal }) => models[principal.owner]!.source(owner),
    })
  const [ada, grace] = [of('ada'), of('grace')]
  const body = { id: 'c', messages: [] }
  const answers = [await ada('', body), await grace('', body)]
  expect(answers.map(({ status }) => status)).toEqual([200, 200])
  expect((await grace('/c/stop', {})).status).toBe(204)
  expect((await grace('/c/stream')).status).toBe(204)
  models.ada!.say('Still here.', undefined)
  expect(await answers[0]!.text()).toContain('Still here.')
  expect([models.ada!.stopped, models.grace!.stopped]).toEqual([[], ['grace']])
  await answers[1]!.body!.cancel()
})

test('contract 13: what is thrown by who is told of a failure is no failure of the chat', async () => {
  const told: unknown[] = []
  const ask = chatOf({
    source() {
      throw new Error('of the application')
    },
    onError(error) {
      told.push(error)
      throw new Error('of the log')
    },
  })
  const response = await ask('', { id: 'c', messages: [] })
  expect([response.status, told]).toEqual([500, [new Error('of the application')]])
  expect(await response.text()).not.toContain('of the')
})

test('contract 4: a source that is never made is not waited for longer than for its first token', async () => {
  const runtime = createVirtualRuntime()
  const sluice = createSluice({ runtime })
  const asked = Promise.withResolvers<void>()
  const ask = chatOf({
    sluice,
    source() {
      asked.resolve()
      return new Promise<never>(() => undefined)
    },
  })
  const answering = ask('', { id: 'c', messages: [] })
  await asked.promise
  await runtime.advance(120_000)
  expect((await answering).status).toBe(504)
})

test.each(['\u{1f600}'.repeat(100), '\u754c'.repeat(200), 'a/b ?#%'])(
  'a chat is found by its id, whatever it is made of: %s',
  async (id) => {
    const model = new ToldModel()
    const ask = chatOf({ source: () => model.source('it') })
    const started = await ask('', { id, messages: [] })
    const path = started.headers.get('content-location')!.slice('/api/chat'.length)
    expect(path).toBe(`/${encodeURIComponent(id)}/stream`)
    model.say('Call')
    const again = await ask(path)
    expect([again.status, again.headers.get('content-location')]).toEqual([200, `/api/chat${path}`])
    await again.body!.cancel()
    expect((await ask(`/${encodeURIComponent(id)}/stop`, {})).status).toBe(204)
    expect(model.stopped).toEqual(['it'])
    await started.body!.cancel()
  },
)

test.each([{ id: '\ud800' }, { id: '' }, { id: 'x'.repeat(201) }])('%j is no id of a chat', async ({ id }) => {
  const response = await chatOf()('', { id, messages: [] })
  expect([response.status, await response.json()]).toMatchObject([400, { code: 'SLUICE_ERR_REQUEST' }])
})

test('a path that is not below its own is not the chat’s', async () => {
  const { handle, owns } = createUiChat({
    sluice: createSluice(),
    identify: () => ({ owner: 'ada' }),
    source: () => () => ['Hello'],
  })
  const headers = { 'content-type': 'application/json' }
  const init = { method: 'POST', headers, body: JSON.stringify({ id: 'c', messages: [] }) }
  const at = (path: string) => toHttpRequest(new Request(`http://sluice.test${path}`, init), { mount: '/api/chat' })
  expect((await handle(at('/elsewhere'))).status).toBe(404)
  expect(owns(at('/elsewhere').path)).toBe(false)
  expect([(await handle(at('/api/chat'))).status, (await handle(at('/api/chat/'))).status]).toEqual([200, 200])
})

test('a new message is a new answer, whatever the address says of an earlier one', async () => {
  const ask = chatOf()
  const first = await ask('', { id: 'c', messages: [] })
  await first.text()
  const id = first.headers.get('sluice-stream-id')
  for (const query of [`?lastEventId=${id}.1.1`, `?after=${id}.1.1`]) {
    const next = await ask('', { id: 'c', messages: [] }, query)
    expect([next.status, await next.text()]).toEqual([200, expect.stringContaining('Hello')])
    expect(next.headers.get('sluice-stream-id')).not.toBe(id)
  }
})

test.each([
  [{ onDisconect: 'cancel' }, 'There is no option "onDisconect"'],
  [{ onDisconnect: 'stay' }, 'onDisconnect'],
  [{ retentionMs: Number.NaN }, 'retentionMs'],
  [{ source: undefined }, 'source'],
])('%o is refused when the chat is made, by name', (options, message) => {
  expect(() => chatOf(options as never)).toThrow(message)
})
