import { expect, test } from 'vitest'

import { createVirtualRuntime, drainMicrotasks } from '../../../testing/src/index.ts'
import { CHAT, createRig, createScript, type Rig, type Script } from '../rig/rig.ts'

interface World extends Rig {
  readonly runtime: ReturnType<typeof createVirtualRuntime>
  readonly script: Script
  readonly id: string
  /** Asks for the JSON of the stream; gives what is known by now. */
  info(
    query: string,
    asked?: { prefer?: string; ref?: string; signal?: AbortSignal },
  ): { told: Record<string, unknown> | undefined }
}

async function arrange(): Promise<World> {
  const runtime = createVirtualRuntime()
  const script = createScript()
  script.open()
  const rig = createRig(script.source, { sluice: { runtime } })
  const json = { ...CHAT, background: true, sluice: { key: 'k' } }
  const { id } = (await (await rig.ask('POST', '/streams', { json })).json()) as { id: string }
  return {
    ...rig,
    runtime,
    script,
    id,
    info(query, { prefer = '', ref = `/streams/${id}`, signal = new AbortController().signal } = {}) {
      const seen: { told: Record<string, unknown> | undefined } = { told: undefined }
      const headers = { accept: 'application/json', prefer }
      void rig
        .ask('GET', `${ref}${query}`, { headers, signal })
        .then(async (response) => (seen.told = (await response.json()) as Record<string, unknown>))
      return seen
    },
  }
}

test.each([
  ['?wait=30', {}],
  ['', { prefer: 'wait=30' }],
  ['?key=k&wait=30', { ref: '/streams' }],
])('the JSON of a stream wakes on its next step: %s %j', async (query, asked) => {
  const { runtime, script, id, info } = await arrange()
  const steps: unknown[] = []
  for (const step of [() => script.give('one '), () => script.give('two'), () => script.finish()]) {
    const waiting = info(query, asked)
    await runtime.advance(10_000)
    expect(waiting.told).toBeUndefined()
    step()
    await runtime.flush()
    await drainMicrotasks()
    steps.push([waiting.told?.['status'], waiting.told?.['cursor']])
  }
  expect(steps).toEqual([
    ['running', `${id}.1.1`],
    ['running', `${id}.1.2`],
    ['ended', `${id}.1.3`],
  ])
})

test('contract 4: it never waits longer than it was asked to, nor than 55 s, nor after the end', async () => {
  const { runtime, script, info } = await arrange()
  const short = info('?wait=30')
  const long = info('?wait=300')
  await runtime.advance(29_999)
  expect(short.told).toBeUndefined()
  await runtime.advance(1)
  await drainMicrotasks()
  expect([short.told?.['status'], long.told]).toEqual(['waiting', undefined])
  await runtime.advance(25_000)
  await drainMicrotasks()
  expect(long.told?.['status']).toBe('waiting')
  script.finish()
  await runtime.flush()
  const over = info('?wait=30')
  await drainMicrotasks()
  expect(over.told?.['status']).toBe('ended')
})

test('a step that was missed is told at once to who says what it knows: in the path, the query or the header', async () => {
  const { runtime, script, id, info, ask } = await arrange()
  script.give('one ')
  await runtime.flush()
  const missed = [info(`?wait=30&after=${id}.1.0`), info('?wait=30', { ref: `/streams/${id}.1.0` })]
  const none = [info(`?wait=30&after=${id}.1.1`), info('?wait=30&after=now'), info('?wait=30')]
  await runtime.flush()
  await drainMicrotasks()
  expect([...missed, ...none].map(({ told }) => told?.['cursor'])).toEqual([
    `${id}.1.1`,
    `${id}.1.1`,
    undefined,
    undefined,
    undefined,
  ])
  const headers = { accept: 'application/json', 'last-event-id': `${id}.1.0` }
  expect((await ask('GET', `/streams/${id}?wait=30`, { headers })).status).toBe(200)
  const refused = await ask('GET', `/streams/${id}?wait=30&after=x`, { headers: { accept: 'application/json' } })
  expect(refused.status).toBe(400)
})

test('contract 9, 14: who waits is no reader, and leaves at once', async () => {
  const { runtime, sluice, id, info } = await arrange()
  const leaving = new AbortController()
  const waiting = info('?wait=50', { signal: leaving.signal })
  await runtime.flush()
  expect(sluice.stats().delivering).toBe(0)
  leaving.abort()
  await drainMicrotasks()
  expect(waiting.told).toMatchObject({ id, status: 'waiting' })
})

test('what is said with it belongs together, and a wait that is none is refused by name', async () => {
  const { runtime, script, ask, id, info } = await arrange()
  const waiting = info('?wait=30&include=result')
  await runtime.flush()
  script.give('one ')
  await runtime.flush()
  await drainMicrotasks()
  expect(waiting.told).toMatchObject({ cursor: `${id}.1.1`, text: 'one ' })
  const refused = await ask('GET', `/streams/${id}?wait=1.5`, { headers: { accept: 'application/json' } })
  expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('wait')])
})
