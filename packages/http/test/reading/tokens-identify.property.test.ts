import { createSluice, SluiceError, type SluiceOptions, type Source } from '@sluice/core'
import { planToResponse, planTokens, type TokensOptions, type TokensPlan } from '@sluice/http'
import { check, createVirtualRuntime, identifyAnswers, verdictOnAnswer } from '@sluice/testing'
import { openAiChat } from '@sluice/wires/openai'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { type Ask, eventsOf, saying, textOf, toRequest, type Visitor } from '../rig/rig.ts'

/** A route of an application that asks `identify`. */
function route(options: Partial<TokensOptions<Visitor>> = {}, sluiceOptions: SluiceOptions = {}) {
  const limits = { startsPerSecond: 1_000_000, startBurst: 1_000_000 }
  const sluice = createSluice({ limits, ...sluiceOptions })
  const seen = { sources: 0, asked: 0 }
  const identify = (visitor: Visitor) => (seen.asked++, visitor.principal)
  const plan = (method: string, url: string, ask: Ask = {}, source: Source = saying('a', 'b')): Promise<TokensPlan> =>
    planTokens(sluice, toRequest(method, url, ask), (context) => (seen.sources++, source(context)), {
      identify,
      ...options,
    })
  return { sluice, plan, seen }
}

describe('planTokens with identify', () => {
  test('starts the stream of who asks, and lets nobody else read on', async () => {
    const { sluice, plan } = route()
    const { stream, ...answer } = await plan('GET', '/chat', { owner: 'ada' })
    expect(textOf(await eventsOf(planToResponse(answer)))).toBe('ab')
    const { id } = stream!
    expect((await sluice.info({ id }, { as: { owner: 'ada' } })).status).toBe('ended')
    const headers = { 'last-event-id': `${id}.1.1` }
    expect(textOf(await eventsOf(planToResponse(await plan('GET', '/chat', { owner: 'ada', headers }))))).toBe('b')
    expect(await plan('GET', '/chat', { owner: 'grace', headers })).toMatchObject({ status: 404, stream: undefined })
    expect(await plan('GET', '/chat', { owner: 'server', headers })).toMatchObject({ status: 404, stream: undefined })
  })

  test.each([
    ['its own wire', {}, 'application/problem+json'],
    ['OpenAI\u2019s wire', { wire: openAiChat, facts: { model: 'm' } }, 'application/json; charset=utf-8'],
    ['the words that are asked for', { errors: 'openai' as const }, 'application/json; charset=utf-8'],
  ])('refuses a stranger in the words of %s, and calls no source', async (_, options, type) => {
    const { plan, seen } = route(options)
    for (const method of ['GET', 'POST', 'HEAD']) {
      const answer = await plan(method, '/chat', { stranger: true })
      const headers = { 'content-type': type, 'www-authenticate': 'Bearer' }
      expect(answer).toMatchObject({ status: 401, headers, stream: undefined })
      expect('body' in answer).toBe(method !== 'HEAD')
    }
    expect(seen).toEqual({ sources: 0, asked: 3 })
  })

  test('asks nobody where the application knows who it is', async () => {
    const { plan, seen } = route({ as: { owner: 'ada' } })
    expect((await plan('POST', '/chat', { stranger: true })).status).toBe(200)
    expect(seen).toEqual({ sources: 1, asked: 0 })
  })

  test('is an error of the application where neither says who it is', async () => {
    const { plan, seen } = route({ identify: undefined })
    for (const method of ['GET', 'POST', 'HEAD'])
      await expect(plan(method, '/chat')).rejects.toThrow('The option "identify" is undefined; it must be a function')
    expect(seen.sources).toBe(0)
  })

  test('hands on what identify throws, and tells what it says to clients', async () => {
    const down = new Error('database is down')
    await expect(route({ identify: () => Promise.reject(down) }).plan('POST', '/chat')).rejects.toBe(down)
    const revoked = new SluiceError('SLUICE_ERR_UNAUTHORIZED', 'Revoked.', { status: 403 })
    const answer = await route({ identify: () => Promise.reject(revoked) }).plan('POST', '/chat')
    expect(answer).toMatchObject({ status: 403, stream: undefined })
  })

  test('contract 12: no answer of identify but a principal gets a stream', () => {
    let answer: unknown
    const { plan, seen } = route({ identify: () => answer as never })
    return check(
      fc.asyncProperty(identifyAnswers, fc.boolean(), async (given, later) => {
        answer = later ? Promise.resolve(given) : given
        seen.sources = 0
        const outcome = await plan('POST', '/chat').catch((error: unknown) => error)
        const verdict = verdictOnAnswer(given)
        expect(seen.sources).toBe(verdict === 'principal' ? 1 : 0)
        const expected = {
          principal: { status: 200, stream: expect.anything() as unknown },
          stranger: { status: 401, stream: undefined },
          fault: { code: 'SLUICE_ERR_OPTION', message: expect.stringContaining('"identify"') as string },
        }
        expect(outcome).toMatchObject(expected[verdict])
        if (verdict === 'principal') await (outcome as TokensPlan).stream!.cancel()
      }),
      { numRuns: 300 },
    )
  })

  test('contract 4: an identify that hangs is too much for now: an EventSource comes back', async () => {
    const runtime = createVirtualRuntime()
    const { plan } = route({ identify: () => new Promise(() => {}) }, { runtime })
    const [page, strict] = [plan('GET', '/chat'), plan('POST', '/chat')]
    await runtime.advance(5_001)
    expect(await page).toMatchObject({ status: 200, body: 'retry: 5000\n\n' })
    expect(await strict).toMatchObject({ status: 503 })
    expect(runtime.pendingTimers).toBe(0)
  })

  test('starts nothing for a client that left while it was asked who it is', async () => {
    const client = new AbortController()
    const known = Promise.withResolvers<{ owner: string }>()
    const { plan, seen } = route({ identify: () => known.promise })
    const asked = plan('POST', '/chat', { signal: client.signal })
    client.abort()
    known.resolve({ owner: 'ada' })
    expect(await asked).toMatchObject({ status: 499, stream: undefined })
    expect(seen.sources).toBe(0)
  })
})

describe('what the query of an application\u2019s route says of its reading', () => {
  test.each(['ids=1', 'maxDelayMs=20&maxTokens=8', 'key=theirs&meta=theirs&prompt=hi'])('takes ?%s', async (query) => {
    const { plan } = route()
    expect(textOf(await eventsOf(planToResponse(await plan('GET', `/chat?${query}`))))).toBe('ab')
  })

  test('is a 400 where it is wrong, and calls no source', async () => {
    const { plan, seen } = route()
    expect(await plan('GET', '/chat?maxTokens=none')).toMatchObject({ status: 400, stream: undefined })
    expect(seen.sources).toBe(0)
  })

  test('is not looked at on a POST, nor where the application says it itself', async () => {
    expect((await route().plan('POST', '/chat?maxTokens=none')).status).toBe(200)
    expect((await route({ reading: {} }).plan('GET', '/chat?maxTokens=none')).status).toBe(200)
  })
})
