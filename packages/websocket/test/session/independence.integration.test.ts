import type { ChunkingPolicy, Source, SourceContext } from '@sluice/core'
import { afterEach, describe, expect, test } from 'vitest'

import { SocketClient, type SocketRig, startRig } from '../rig/socket-rig.ts'

let rig: SocketRig
afterEach(() => rig[Symbol.asyncDispose]())

async function* untilCut({ signal }: SourceContext): AsyncGenerator<string> {
  yield 'late boom'
  await new Promise((resolve) => signal.addEventListener('abort', resolve))
}

/** A runner that does not answer where it is asked for something slow, until it is let. */
async function withSlowRunner(limits: object = {}) {
  const go = Promise.withResolvers<void>()
  let runs = 0
  const run = async ({ slow }: { slow?: unknown }): Promise<Source> => {
    runs++
    if (slow) await go.promise
    return slow ? untilCut : () => ['hello']
  }
  rig = await startRig({ run, limits })
  return { client: await SocketClient.open(rig.url), go: go.resolve, runs: () => runs }
}

describe('a reading whose runner is slow to start', () => {
  test('contract 6: holds up no request about another, and all there may be can be cancelled at once', async () => {
    const { client, go } = await withSlowRunner({ messagesPerSecond: 1_000, messageBurst: 1_000 })
    for (let at = 0; at < 99; at++) client.say({ type: 'start', ref: `s${at}`, body: { slow: true } })
    for (let at = 0; at < 99; at++) client.say({ type: 'cancel', ref: `s${at}` })
    for (let at = 0; at < 200; at++) client.say({ type: 'cancel', ref: 's0' })
    for (let at = 0; at < 100; at++) client.say({ type: 'send', ref: 's1', message: at })
    client.say({ type: 'start', ref: 'a', body: {} })
    await client.hear('end', ({ ref }) => ref === 'a')
    expect(client.text('a')).toBe('hello')
    // No more wait for one source than leave room for others' messages.
    const refused = client.heard.filter(({ type }) => type === 'refused')
    expect(refused).toHaveLength(100 - 16)
    expect(refused[0]).toMatchObject({ ref: 's1', code: 'SLUICE_ERR_OVERLOADED', retryAfterMs: 1_000 })
    go()
    for (let at = 0; at < 99; at++) {
      expect(await client.hear('cancelled', ({ ref }) => ref === `s${at}`)).toMatchObject({
        end: { reason: 'cancelled' },
      })
    }
    expect(client.heard.filter(({ type }) => type === 'cancelled')).toHaveLength(99)
  })

  test('contract 9: is left at once; its place is free when the runner has answered, its ref before', async () => {
    const { client, go, runs } = await withSlowRunner({ maxStreams: 1 })
    client.say({ type: 'start', ref: 'a', body: { slow: true } })
    client.say({ type: 'detach', ref: 'a' })
    await client.hear('detached')
    // Else a client could have any number of runners at work.
    client.say({ type: 'start', ref: 'a', body: {} })
    expect(await client.hear('refused')).toMatchObject({ ref: 'a', code: 'SLUICE_ERR_TOO_MANY_STREAMS' })
    expect(runs()).toBe(1)
    go()
    await expect.poll(() => rig.sluice.stats().producing).toBe(1)
    client.say({ type: 'start', ref: 'a', body: {} })
    await client.hear('end')
    expect(client.text('a')).toBe('hello')
  })
})

test('contract 4: a runner that hangs is given up at the deadline of the first token, and its place is free', async () => {
  rig = await startRig(
    { run: ({ slow }) => (slow ? new Promise(() => {}) : () => ['hello']), limits: { maxStreams: 1 } },
    { stream: { deadlines: { firstTokenMs: 200 } } },
  )
  const client = await SocketClient.open(rig.url)
  client.say({ type: 'start', ref: 'a', body: { slow: true } })
  expect(await client.hear('refused')).toMatchObject({ ref: 'a', code: 'SLUICE_ERR_TIMEOUT', retryAfterMs: 1_000 })
  client.say({ type: 'start', ref: 'a', body: {} })
  await client.hear('end')
  expect(client.text('a')).toBe('hello')
})

/** Fails for one text alone. */
const brittle: ChunkingPolicy = {
  name: 'brittle',
  maxDelayMs: 60_000,
  take(view) {
    if (view.text().includes('boom')) throw new Error('secret')
    return view.pending
  },
}

test('contracts 2 and 13: a reading whose delivery fails is closed, and those beside it go on', async () => {
  rig = await startRig(
    {
      run: ({ word }) => (word === 'boom' ? untilCut : () => ['some ', String(word)]),
    },
    { reader: { chunking: brittle } },
  )
  const client = await SocketClient.open(rig.url)
  for (const ref of ['a', 'boom', 'c']) client.say({ type: 'start', ref, body: { word: ref } })
  const closed = await client.hear('closed')
  expect(closed).toMatchObject({ ref: 'boom', code: 'failed' })
  expect(JSON.stringify(closed)).not.toContain('secret')
  for (const ref of ['a', 'c']) {
    await client.hear('end', (end) => end.ref === ref)
    expect(client.text(ref)).toBe(`some ${ref}`)
  }
  client.say({ type: 'detach', ref: 'boom' })
  await client.hear('detached')
})

describe('what crosses the end of its reading', () => {
  test('contracts 3 and 8: a cancel and a detach are answered as ever, an ack is no error, a message is refused', async () => {
    rig = await startRig({ run: () => () => ['all'] })
    const client = await SocketClient.open(rig.url)
    client.say({ type: 'start', ref: 'a', body: {} })
    const { stream, cursor } = await client.hear('end')
    client.say({ type: 'ack', ref: 'a', cursor, credit: 10 })
    client.say({ type: 'cancel', ref: 'a' })
    client.say({ type: 'detach', ref: 'a' })
    expect(await client.hear('cancelled')).toMatchObject({ ref: 'a', stream, cursor, end: { reason: 'stop' } })
    expect(await client.hear('detached')).toMatchObject({ ref: 'a', stream, cursor })
    client.say({ type: 'send', ref: 'a', message: 'm' })
    expect(await client.hear('refused')).toMatchObject({ ref: 'a', code: 'SLUICE_ERR_ALREADY_ENDED' })
    expect(client.heard.filter(({ type }) => type === 'refused')).toHaveLength(1)
  })

  test('contract 6: as many readings are remembered as there may be on the socket', async () => {
    rig = await startRig({ run: () => () => ['all'], limits: { maxStreams: 2 } })
    const client = await SocketClient.open(rig.url)
    for (const ref of ['a', 'b', 'c']) {
      client.say({ type: 'start', ref, body: {} })
      await client.hear('end', (end) => end.ref === ref)
    }
    for (const ref of ['a', 'b']) client.say({ type: 'cancel', ref })
    await client.hear('cancelled', ({ ref }) => ref === 'b')
    expect(await client.hear('refused')).toMatchObject({ ref: 'a', code: 'SLUICE_ERR_NOT_FOUND' })
  })
})
