import type { SluiceOptions } from '@sluice/core'
import { planToResponse, planTokens } from '@sluice/http'
import { createVirtualRuntime, type VirtualRuntime } from '../../../testing/src/index.ts'
import { describe, expect, test } from 'vitest'

import { type Ask, CHAT, createRig, createScript, eventsOf, type Rig, type Script, toRequest } from '../rig/rig.ts'

const office = {
  issue: ({ owner }: { owner: string }) => ({ ticket: owner, expiresAtMs: 0 }),
  redeem: (owner: string) => ({ owner }),
}

interface World extends Rig {
  readonly runtime: VirtualRuntime
  readonly script: Script
  readonly id: string
}

/** A stream that has said `Hello` and goes on for ever, started on a wire. */
async function running(path: string, options: SluiceOptions = {}): Promise<World> {
  const runtime = createVirtualRuntime()
  const script = createScript()
  const deadlines = { firstTokenMs: false, idleMs: false, totalMs: false } as const
  const rig = createRig(script.source, {
    tickets: office,
    sluice: { runtime, ...options, stream: { deadlines, onDisconnect: 'continue' } },
  })
  script.open()
  script.give('Hello')
  const started = await rig.ask('POST', path, { json: { ...CHAT, stream: true } })
  void started.body?.cancel()
  return { ...rig, runtime, script, id: started.headers.get('sluice-stream-id')! }
}

/** What is read of a request within a minute, and whether its answer was over by then. */
async function readFor(
  { ask, runtime }: World,
  { method = 'GET', url, ...rest }: Ask & { method?: string; url: string },
): Promise<{ text: string; over: boolean }> {
  const response = await ask(method, url, rest)
  expect(response.status).toBe(200)
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  let over = false
  const reading = (async () => {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return (over = true)
      text += value
    }
  })()
  await runtime.advance(56_000)
  if (over) await reading
  else void reader.cancel()
  return { text, over }
}

describe('an answer that lasts', () => {
  test('contract 2: is broken off within the minute where its client comes back by itself, which it does in 100 ms', async () => {
    const world = await running('/streams')
    const { text, over } = await readFor(world, { url: `/streams/${world.id}` })
    const cursor = `${world.id}.1.1`
    expect([...text.matchAll(/^id: (.*)$/gm)].map(([, id]) => id)).toEqual([cursor])
    const farewell = `retry: 100\nevent: closed\ndata: {"code":"rotate","cursor":"${cursor}"}\n\n`
    expect([text.endsWith(farewell), over]).toEqual([true, true])
  })

  test.each<[string, string, Ask & { method?: string; url: string }]>([
    ['a POST', '/streams', { method: 'POST', url: '/streams', json: CHAT }],
    ['a POST that resumes', '/streams', { method: 'POST', url: '/streams?after={id}.1.1', json: CHAT }],
    ['on OpenAI’s wire', '/chat/completions', { url: '/streams/{id}' }],
    ['on OpenAI’s wire, asked for', '/streams', { url: '/streams/{id}?wire=openai.chat' }],
    ['to a ticket, which is good once', '/streams', { url: '/streams/{id}?ticket=ada', stranger: true }],
  ])('is not broken off: %s', async (_, path, { url, ...asked }) => {
    const world = await running(path)
    const { text, over } = await readFor(world, { ...asked, url: url.replace('{id}', world.id) })
    expect([text.includes('closed'), over]).toEqual([false, false])
  })

  test('contract 1: sends who began in the middle, and has got nothing, back to there and not to a later middle', async () => {
    const world = await running('/streams')
    const { text } = await readFor(world, { url: `/streams/${world.id}?after=now` })
    const [, last] = /^id: (.*)$/m.exec(text)!
    world.script.give(' world')
    await world.runtime.advance(50)
    world.script.finish()
    await world.runtime.advance(50)
    const url = `/streams/${world.id}?after=now`
    const events = await eventsOf(await world.ask('GET', url, { headers: { 'last-event-id': last! } }))
    expect(events.map(({ event }) => event)).toEqual(['opened', 'text', 'end'])
    expect(events[1]?.data).toBe('{"text":" world"}')
  })

  test.each([
    ['a GET that joins', 'GET', true, 'rotate'],
    ['a GET that starts', 'GET', false, undefined],
    ['a POST that joins', 'POST', true, undefined],
  ] as const)('of an application’s own route: %s', async (_, method, joins, code) => {
    const world = await running('/streams')
    const { script, sluice, runtime, id } = world
    const url = joins ? `/chat?after=${id}.1.0` : '/chat'
    const { stream, ...plan } = await planTokens(sluice, toRequest(method, url, {}), script.source, { as: 'server' })
    const response = planToResponse(plan)
    const ask: World['ask'] = () => Promise.resolve(response)
    const { text, over } = await readFor({ ...world, ask, runtime }, { url })
    expect([/"code":"(\w+)"/.exec(text)?.[1], over]).toEqual([code, code !== undefined])
    stream?.detach()
  })

  test('lasts as long as its stream where rotation is off', async () => {
    const world = await running('/streams', { reader: { rotateAfterMs: false } })
    expect(await readFor(world, { url: `/streams/${world.id}` })).toMatchObject({ over: false })
  })
})
