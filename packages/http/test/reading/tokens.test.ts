import { createSluice, type Source, SluiceError, type SluiceOptions } from '@sluice/core'
import { planToResponse, planTokens, type TokensOptions, type TokensPlan } from '@sluice/http'
import { anthropicMessages } from '@sluice/wires/anthropic'
import { openAiChat } from '@sluice/wires/openai'
import { openAiResponses } from '@sluice/wires/openai-responses'
import { describe, expect, test } from 'vitest'

import { type Ask, createScript, eventsOf, saying, textOf, toRequest, until } from '../rig/rig.ts'

const as = { owner: 'ada' }

function route(options: SluiceOptions = {}) {
  const sluice = createSluice(options)
  let calls = 0
  const plan = (
    method: string,
    url: string,
    source: Source,
    more: Partial<TokensOptions> & { ask?: Ask } = {},
  ): Promise<TokensPlan> => {
    const { ask = {}, ...tokens } = more
    const counted: Source = (context) => (calls++, source(context))
    return planTokens(sluice, toRequest(method, url, ask), counted, { as, ...tokens })
  }
  return { sluice, plan, calls: () => calls }
}

describe('planTokens', () => {
  test('starts a stream and resolves to it once it is open', async () => {
    const { plan } = route()
    const { stream, ...answer } = await plan('POST', '/chat', saying('a', 'b'), { key: 'c', meta: { n: 1 } })
    const response = planToResponse(answer)
    expect(response.headers.get('content-location')).toBe(`/v1/streams/${stream?.id}`)
    expect(textOf(await eventsOf(response))).toBe('ab')
    expect(await stream?.ended).toMatchObject({ reason: 'stop' })
    expect([stream?.key, stream?.meta]).toEqual(['c', { n: 1 }])
  })

  test.each([
    ['the header', (cursor: string) => ['/chat', { headers: { 'last-event-id': cursor } }] as const],
    ['the query', (cursor: string) => [`/chat?after=${cursor}`, {}] as const],
    ['the query, as polyfills write it', (cursor: string) => [`/chat?lastEventId=${cursor}`, {}] as const],
  ])('attaches to the cursor in %s and never calls the source', async (_, write) => {
    const { plan, calls } = route()
    const first = await plan('GET', '/chat', saying('one ', 'two'), { key: 'c' })
    await planToResponse(first).text()
    const [url, ask] = write(`${first.stream?.id}.1.1`)
    const again = await plan('GET', url, saying('never'), { key: 'c', ask })
    expect(textOf(await eventsOf(planToResponse(again)))).toBe('two')
    const [endUrl, endAsk] = write(`${first.stream?.id}.1.3`)
    const over = await plan('GET', endUrl, saying('never'), { key: 'c', ask: endAsk })
    expect([over.status, over.stream]).toEqual([204, undefined])
    expect(calls()).toBe(1)
  })

  test('refuses a cursor of another stream than the key names, of another owner, and of none', async () => {
    const { plan, calls } = route()
    const first = await plan('GET', '/chat', saying('x'), { key: 'c' })
    await planToResponse(first).text()
    const at = (cursor: string, more: Partial<TokensOptions>): Promise<TokensPlan> =>
      plan('GET', '/chat', saying('never'), { ...more, ask: { headers: { 'last-event-id': cursor } } })
    const answers = [
      await at(`${first.stream?.id}.1.1`, { key: 'other' }),
      await at(`${first.stream?.id}.1.1`, { as: { owner: 'grace' } }),
      await at('garbage.', {}),
      await plan('GET', '/chat?after=now', saying('never')),
    ]
    expect(answers.map(({ status, stream }) => [status, stream])).toEqual([
      [400, undefined],
      [404, undefined],
      [400, undefined],
      [400, undefined],
    ])
    expect(calls()).toBe(1)
  })

  test('reads from now on where a key says of what', async () => {
    const { plan, sluice } = route()
    const script = createScript()
    script.open()
    script.give('past')
    const live = await sluice.start(script.source, { as, key: 'c', onDisconnect: 'continue' })
    await until(() => live.cursor.endsWith('.1'))
    const answer = await plan('GET', '/chat?after=now', saying('never'), { key: 'c' })
    const events = eventsOf(planToResponse(answer))
    script.give('future')
    script.finish()
    expect(textOf(await events)).toBe('future')
  })

  test('tells of a source that fails before its opening in the words of its wire', async () => {
    const { plan } = route()
    const failing: Source = () => Promise.reject(new SluiceError('SLUICE_ERR_BACKEND', 'No.', { status: 402 }))
    const problem = await plan('POST', '/chat', failing)
    expect(problem).toMatchObject({ status: 402, headers: { 'content-type': 'application/problem+json' } })
    expect(problem.stream?.end).toMatchObject({ reason: 'error' })
    const openAi = await plan('POST', '/chat', failing, { wire: openAiChat, facts: { model: 'm' } })
    expect('body' in openAi && openAi.body).toContain('"error":{"message":"No."')
  })

  test.each([
    [openAiResponses, { error: { message: 'You must be billed.', code: expect.any(String) as string } }],
    [anthropicMessages, { type: 'error', error: { type: 'billing_error', message: 'You must be billed.' } }],
  ])('tells errors in the words of whoever reads %o', async (wire, body) => {
    const { plan } = route()
    const failing: Source = () => {
      throw new SluiceError('SLUICE_ERR_BACKEND', 'You must be billed.', { status: 402 })
    }
    const answer = planToResponse(await plan('POST', '/chat', failing, { wire, facts: { model: 'm' } }))
    expect([answer.status, await answer.json()]).toMatchObject([402, body])
  })

  test('tells an EventSource to come back when it is too much, and a strict client the status', async () => {
    const { plan } = route({ limits: { startBurst: 1, startsPerSecond: 0.01 } })
    await plan('GET', '/chat', saying('x'))
    const later = await plan('GET', '/chat', saying('x'))
    expect(later).toMatchObject({ status: 200, stream: undefined })
    expect('body' in later && later.body).toMatch(/^retry: (100000|99\d\d\d)\n\n$/)
    const strict = await plan('GET', '/chat', saying('x'), { ask: { headers: { prefer: 'handling=strict' } } })
    expect(strict).toMatchObject({ status: 429, headers: { 'retry-after': '100' } })
  })

  test('a HEAD starts nothing', async () => {
    const { plan, calls } = route()
    const head = await plan('HEAD', '/chat', saying('x'))
    expect(head).toMatchObject({ status: 200, stream: undefined })
    expect(calls()).toBe(0)
  })

  test('rejects with what the application did wrong', async () => {
    const { plan } = route()
    await expect(plan('POST', '/chat', saying('x'), { as: undefined as never })).rejects.toMatchObject({
      code: 'SLUICE_ERR_OPTION',
    })
  })

  test('a client that leaves while it waits is a reader that leaves', async () => {
    const { plan } = route()
    const script = createScript()
    const client = new AbortController()
    const asked = plan('POST', '/chat', script.source, { onDisconnect: 'cancel', ask: { signal: client.signal } })
    await until(() => script.calls === 1)
    client.abort()
    const { stream } = await asked
    expect(stream?.end).toMatchObject({ reason: 'cancelled', cause: 'disconnect' })
    expect(script.signal?.aborted).toBe(true)
  })

  test('hands the stream\u2019s life to the host where that asks for it', async () => {
    const { sluice } = route()
    const lives: Promise<void>[] = []
    const request = { ...toRequest('POST', '/chat', {}), waitUntil: (life: Promise<void>) => lives.push(life) }
    const answer = await planTokens(sluice, request, saying('x'), { as })
    await planToResponse(answer).text()
    expect(await Promise.all(lives)).toHaveLength(1)
  })
})
