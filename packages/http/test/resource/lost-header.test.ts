import { planToResponse, planTokens, type TokensOptions, type TokensPlan } from '@sluice/http'
import { describe, expect, test } from 'vitest'

import { createVirtualRuntime } from '../../../testing/src/index.ts'
import {
  CHAT,
  createRig,
  createScript,
  eventsOf,
  type Rig,
  saying,
  type Script,
  textOf,
  toRequest,
} from '../rig/rig.ts'

interface World extends Rig {
  readonly runtime: ReturnType<typeof createVirtualRuntime>
  readonly script: Script
  readonly id: string
}

const deadlines = { firstTokenMs: false, idleMs: false, totalMs: false } as const

/** A stream that has said `Hello` and goes on for ever. */
async function running(): Promise<World> {
  const runtime = createVirtualRuntime()
  const script = createScript()
  const rig = createRig(script.source, { sluice: { runtime, stream: { deadlines, onDisconnect: 'continue' } } })
  script.open()
  script.give('Hello')
  const started = await rig.ask('POST', '/streams', { json: CHAT })
  void started.body?.cancel()
  return { ...rig, runtime, script, id: started.headers.get('sluice-stream-id')! }
}

/** How the answers to a page end that asks again, as `headers` say, whenever one has ended: a code, or `open` after a minute. */
async function endsOf(
  { ask, runtime }: World,
  url: string,
  { times, headers = () => ({}) }: { times: number; headers?: (last: string | undefined) => Record<string, string> },
): Promise<string[]> {
  const ends: string[] = []
  let last: string | undefined
  while (ends.length < times) {
    const response = await ask('GET', url, { headers: headers(last) })
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    let over = false
    const reading = (async () => {
      for (let step = await reader.read(); !step.done; step = await reader.read()) text += step.value
      over = true
    })()
    // A page comes back at once.
    for (let seconds = 0; seconds < 56 && !over; seconds++) await runtime.advance(1_000)
    if (over) await reading
    else void reader.cancel()
    last = [...text.matchAll(/^id: (.+)$/gm)].at(-1)?.[1] ?? last
    ends.push(over ? /"code":"(\w+)"/.exec(text)![1]! : 'open')
  }
  return ends
}

describe('a page whose Last-Event-ID never arrives', () => {
  test.each([
    ['from the start', (id: string) => `/streams/${id}`],
    ['after the cursor in its URL', (id: string) => `/streams/${id}?after=${id}.1.1`],
    ['after the cursor in its path', (id: string) => `/streams/${id}.1.1`],
  ])(
    'contract 1: is sent to come back once and not again: it would be given the same each time (%s)',
    async (_, url) => {
      const world = await running()
      world.script.give(' world')
      expect(await endsOf(world, url(world.id), { times: 4 })).toEqual(['rotate', 'open', 'open', 'open'])
    },
  )

  test('does not keep others from being sent to come back, who bring it', async () => {
    const world = await running()
    await endsOf(world, `/streams/${world.id}`, { times: 2 })
    const headers = (last: string | undefined): Record<string, string> => ({
      'last-event-id': last ?? `${world.id}.1.1`,
    })
    expect(await endsOf(world, `/streams/${world.id}`, { times: 3, headers })).toEqual(['rotate', 'rotate', 'rotate'])
  })

  test('one that brings its id in the query is sent to come back each time', async () => {
    const world = await running()
    const page = {
      ...world,
      ask: ((method, url, asked) =>
        world.ask(
          method,
          url + (asked?.headers?.['x-last'] ? `?lastEventId=${asked.headers['x-last']}` : ''),
        )) as Rig['ask'],
    }
    const headers = (last: string | undefined): Record<string, string> => (last === undefined ? {} : { 'x-last': last })
    expect(await endsOf(page, `/streams/${world.id}`, { times: 3, headers })).toEqual(['rotate', 'rotate', 'rotate'])
  })
})

describe('an own route whose page was cut off and has lost its id', () => {
  const ada = { owner: 'ada' }

  /** A route with a key, and a page that was cut off in the middle of its first answer. */
  async function cut(more: Partial<TokensOptions> = {}, url = '/chat?prompt=Hello') {
    const runtime = createVirtualRuntime()
    const rig = createRig(undefined, { sluice: { runtime, stream: { deadlines } } })
    const script = createScript()
    const get = (path: string, over: Partial<TokensOptions> = {}, method = 'GET'): Promise<TokensPlan> =>
      planTokens(rig.sluice, toRequest(method, path, {}), saying('another'), { as: ada, key: 'c', ...more, ...over })
    script.open()
    script.give('one ')
    const first = await planTokens(rig.sluice, toRequest('GET', url, {}), script.source, { as: ada, key: 'c', ...more })
    const body = planToResponse(first).body!.getReader()
    await body.read()
    await body.cancel()
    return { runtime, script, get, sluice: rig.sluice, stream: first.stream! }
  }

  /** The answer's text; a stream that is new says `another`. */
  const textAt = async (plan: TokensPlan): Promise<string> => textOf(await eventsOf(planToResponse(plan)))

  test('contract 1: joins its stream by owner and key, also where that has ended meanwhile', async () => {
    const { script, get, stream } = await cut()
    script.give('two')
    script.finish()
    await stream.ended
    expect(await textAt(await get('/chat?prompt=Hello'))).toBe('one two')
  })

  test.each<[string, string, Partial<TokensOptions>, string?]>([
    ['another owner', '/chat?prompt=Hello', { as: { owner: 'eve' } }],
    ['another key', '/chat?prompt=Hello', { key: 'd' }],
    ['no key', '/chat?prompt=Hello', { key: undefined }],
    ['another question', '/chat?prompt=Bye', {}],
    ['a POST', '/chat?prompt=Hello', {}, 'POST'],
    ['a route that wants it anew', '/chat?prompt=Hello', { ifRunning: 'cancel' }],
  ])('starts a stream for %s', async (_, url, options, method) => {
    const { script, get, stream } = await cut()
    script.finish()
    await stream.ended
    expect(await textAt(await get(url, options, method))).toBe('another')
  })

  test('starts a stream where the earlier one was cancelled, was read to its end, or is long over', async () => {
    const cancelled = await cut()
    await cancelled.stream.cancel()
    expect(await textAt(await cancelled.get('/chat?prompt=Hello'))).toBe('another')

    const whole = await cut()
    whole.script.finish()
    expect(await textAt(await whole.get('/chat?prompt=Hello'))).toBe('one ')
    expect(await textAt(await whole.get('/chat?prompt=Hello'))).toBe('another')

    const late = await cut()
    late.script.finish()
    await late.stream.ended
    await late.runtime.advance(15_001)
    expect(await textAt(await late.get('/chat?prompt=Hello'))).toBe('another')
  })

  test('contract 14: nothing is kept of pages that do not come back', async () => {
    const { runtime, script, stream } = await cut({ onDisconnect: 'continue' })
    script.finish()
    await stream.ended
    await runtime.advance(3_700_000)
    expect(runtime.pendingTimers).toBe(0)
  })
})
