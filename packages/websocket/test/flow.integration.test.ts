import { createSluice } from '@sluice/core'
import { startChaosProxy } from '@sluice/testing/chaos-proxy'
import { untilStill } from '@sluice/testing/patience'
import { afterEach, expect, test } from 'vitest'

import { SocketClient, type SocketRig, startRig } from './rig/socket-rig.ts'
import { below, endless, KIB, stall } from './rig/stalling.ts'

let rig: SocketRig | undefined
afterEach(async () => {
  await rig?.[Symbol.asyncDispose]()
  rig = undefined
})

test('contract 7: a stream out of credit holds back none of the twenty beside it, and its source waits', async () => {
  const pulled = { count: 0 }
  rig = await startRig({
    run: ({ n }) =>
      n === 'endless'
        ? endless(pulled)
        : async function* () {
            for (let index = 0; index < 200; index++) {
              if (index % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
              yield `${String(n)}.${index} `
            }
          },
  })
  const client = await SocketClient.open(rig.url)
  client.say({ type: 'start', ref: 'hungry', body: { n: 'endless' }, credit: 3 })
  for (let n = 0; n < 20; n++) client.say({ type: 'start', ref: `r${n}`, body: { n } })
  for (let n = 0; n < 20; n++) await client.hear('end', ({ ref }) => ref === `r${n}`)
  expect(client.text('hungry')).toBe(KIB.repeat(3))
  // A window of 64 KiB and what is on its way.
  expect(await untilStill(() => pulled.count, { above: 40 })).toBeLessThan(80)
  const { cursor } = client.of('hungry').at(-1) as { cursor: string }
  client.say({ type: 'ack', ref: 'hungry', cursor, credit: 2 })
  await expect.poll(() => client.text('hungry').length).toBe(5 * 1_024)
  // The same once more, when it has had its effect, grants nothing: credit is absolute.
  client.say({ type: 'ack', ref: 'hungry', cursor, credit: 2 })
  client.say({ type: 'ping' })
  await client.hear('pong')
  // An ack has no answer: what it has granted is all there when no more comes.
  await untilStill(() => client.text('hungry').length)
  expect(client.text('hungry')).toBe(KIB.repeat(5))
})

test('contracts 6 and 9: a socket that does not read is given up at its stall deadline, and its cursors are good', async () => {
  // More than kernels take for a client that does not read, and less than is kept.
  const pieces = Array.from({ length: 8_192 }, (_, index) => `${index},`.padEnd(1_024, '.'))
  async function* saying(): AsyncGenerator<string> {
    for (const piece of pieces) {
      await new Promise((resolve) => setImmediate(resolve))
      yield piece
    }
  }
  rig = await startRig(
    { run: () => ({ source: saying, onDisconnect: 'continue' }) },
    { reader: { stallMs: 1_000, closeGraceMs: 100 }, stream: { retentionBytes: 16 * 1_024 * 1_024 } },
  )
  const client = await SocketClient.open(rig.url)
  for (let n = 0; n < 3; n++) client.say({ type: 'start', ref: `r${n}`, body: {} })
  await client.hear('text')
  below(client).pause()
  await expect.poll(() => rig!.handler.size).toBe(0)
  expect(rig.sluice.stats().delivering).toBe(0)
  below(client).resume()
  await client.closed
  const second = await SocketClient.open(rig.url)
  for (let n = 0; n < 3; n++) {
    const { cursor } = client.of(`r${n}`).findLast(({ type }) => type === 'text') as { cursor: string }
    second.say({ type: 'attach', ref: `r${n}`, cursor })
    await second.hear('end', ({ ref }) => ref === `r${n}`)
    // Strings as long as these are no use in a message.
    const [first, rest] = [client.text(`r${n}`), second.text(`r${n}`)]
    expect([first + rest === pieces.join(''), rest.length > 0]).toEqual([true, true])
  }
})

test('contract 2: a socket that reads again too late is told that each reading stalled, and where, then closed with 1013', async () => {
  const pulled = { count: 0 }
  rig = await startRig({ run: () => endless(pulled) }, { reader: { stallMs: 1_000, closeGraceMs: 20_000 } })
  const client = await SocketClient.open(rig.url)
  for (const ref of ['a', 'b']) client.say({ type: 'start', ref, body: {} })
  for (const started of ['a', 'b']) await client.hear('text', ({ ref }) => ref === started)
  await stall(client, pulled)
  await expect.poll(() => rig!.sluice.stats().delivering).toBe(0)
  below(client).resume()
  expect(await client.closed).toMatchObject({ code: 1013 })
  for (const ref of ['a', 'b']) {
    const [text, closed] = client.of(ref).slice(-2)
    expect(closed).toMatchObject({ type: 'closed', code: 'stalled', cursor: (text as { cursor: string }).cursor })
  }
})

test('contract 7: answers to a socket that makes us wait come when it reads again, before what its streams say', async () => {
  const pulled = { count: 0 }
  rig = await startRig({ run: () => endless(pulled) })
  const client = await SocketClient.open(rig.url)
  client.say({ type: 'start', ref: 'a', body: {} })
  await client.hear('text')
  await stall(client, pulled)
  client.say({ type: 'ping', ref: 'p' })
  client.say({ type: 'cancel', ref: 'a' })
  // It is cancelled at once, whether or not the client reads.
  const { stream } = client.of('a')[0] as { stream: string }
  await expect.poll(async () => (await rig!.sluice.info({ id: stream }, { as: 'server' })).status).toBe('ended')
  below(client).resume()
  await client.hear('end')
  const types = client.heard.map(({ type }) => type)
  const answers = ['pong', 'cancelled'] as const
  for (const answer of answers) {
    expect(types).toContain(answer)
    expect(types.indexOf(answer)).toBeLessThan(types.lastIndexOf('text'))
  }
})

test('contract 8: all that may be read on a socket can be cancelled at once while it makes us wait, and each cancel is answered', async () => {
  const pulled = { count: 0 }
  rig = await startRig({ run: () => endless(pulled) })
  const client = await SocketClient.open(rig.url)
  const refs = Array.from({ length: 100 }, (_, index) => `r${index}`)
  for (const ref of refs) client.say({ type: 'start', ref, body: {} })
  for (const ref of refs) await client.hear('text', (text) => text.ref === ref)
  await stall(client, pulled)
  for (const ref of refs) client.say({ type: 'cancel', ref })
  await expect.poll(() => rig!.sluice.stats().producing).toBe(0)
  below(client).resume()
  for (const ref of refs)
    expect(await client.hear('cancelled', (said) => said.ref === ref)).toMatchObject({ end: { reason: 'cancelled' } })
  client.say({ type: 'ping', ref: 'open still' })
  await client.hear('pong')
})

test('design 6: a drain tells a socket that makes us wait its cursors once it reads, and they are those of what it was sent', async () => {
  const pulled = { count: 0 }
  rig = await startRig({ run: () => endless(pulled) }, { reader: { closeGraceMs: 20_000 } })
  const client = await SocketClient.open(rig.url)
  for (const ref of ['a', 'b']) client.say({ type: 'start', ref, body: {} })
  await client.hear('text', ({ ref }) => ref === 'b')
  await stall(client, pulled)
  const drained = rig.handler.drain({ handOver: true })
  below(client).resume()
  const { streams } = await client.hear('goaway')
  expect(streams).toEqual(
    ['a', 'b'].map((ref) => {
      const { stream, cursor } = client.of(ref).at(-1) as { stream: string; cursor: string }
      return { stream, ref, cursor }
    }),
  )
  expect(await client.closed).toMatchObject({ code: 1012 })
  await drained
})

test('contract 6: streams that share a slow socket share it fairly', async () => {
  const pulled = { count: 0 }
  rig = await startRig({
    run: ({ n }) =>
      n === 'flood'
        ? endless(pulled, 'y'.repeat(4_096))
        : async function* () {
            for (let index = 0; index < 20; index++) {
              await new Promise((resolve) => setTimeout(resolve, 5))
              yield `${index} `
            }
          },
  })
  await using proxy = await startChaosProxy({ target: { port: rig.port }, toClient: { bytesPerSecond: 2_000_000 } })
  const client = await SocketClient.open(`ws://127.0.0.1:${proxy.port}/`)
  for (let n = 0; n < 3; n++) client.say({ type: 'start', ref: `flood${n}`, body: { n: 'flood' } })
  await expect.poll(() => client.text('flood0').length).toBeGreaterThan(300_000)
  for (let n = 0; n < 5; n++) client.say({ type: 'start', ref: `r${n}`, body: { n } })
  for (let n = 0; n < 5; n++) await client.hear('end', ({ ref }) => ref === `r${n}`)
  const shares = [0, 1, 2].map((n) => client.text(`flood${n}`).length)
  expect(Math.min(...shares) / Math.max(...shares)).toBeGreaterThan(0.5)
})

test('contract 4: a peer that answers no ping is gone after two of them, and its readers with it', async () => {
  rig = await startRig({
    pingMs: 50,
    run: () => () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }),
  })
  const client = await SocketClient.open(rig.url, { autoPong: false })
  const pings: number[] = []
  client.ws.on('ping', () => pings.push(Date.now()))
  client.say({ type: 'start', ref: 'a', body: {} })
  expect(await client.closed).toMatchObject({ code: 1006 })
  expect(pings).toHaveLength(2)
  await expect.poll(() => rig!.sluice.stats().delivering).toBe(0)
})

test('contract 4: a peer that vanishes while data flows to it is noticed', async () => {
  rig = await startRig({
    pingMs: 100,
    run: () =>
      async function* ({ signal }) {
        while (!signal.aborted) {
          await new Promise((resolve) => setTimeout(resolve, 5))
          yield 'tick '
        }
      },
  })
  await using proxy = await startChaosProxy({ target: { port: rig.port } })
  const client = await SocketClient.open(`ws://127.0.0.1:${proxy.port}/`)
  client.say({ type: 'start', ref: 'a', body: {} })
  await client.hear('text')
  proxy.blackhole()
  await expect.poll(() => rig!.handler.size).toBe(0)
  expect(rig.sluice.stats().delivering).toBe(0)
})

test('contract 14: nothing is left when sockets have gone', async () => {
  const sluice = createSluice()
  rig = await startRig({ sluice, run: () => () => ['a', 'b'] })
  for (let round = 0; round < 20; round++) {
    const client = await SocketClient.open(rig.url)
    client.say({ type: 'start', ref: 'a', body: {} })
    await client.hear('end')
    if (round % 2) client.ws.close()
    else client.ws.terminate()
    await client.closed
  }
  await expect.poll(() => rig!.handler.size).toBe(0)
  await expect.poll(() => sluice.stats().delivering).toBe(0)
})
