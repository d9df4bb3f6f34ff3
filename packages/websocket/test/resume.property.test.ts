import { check, expectedText, hostileText } from '@sluice/testing'
import { type ChaosProxy, startChaosProxy } from '@sluice/testing/chaos-proxy'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { SocketClient, type SocketRig, startRig } from './rig/socket-rig.ts'

let rig: SocketRig
let proxy: ChaosProxy
let pieces: readonly string[] = []
beforeAll(async () => {
  rig = await startRig(
    { run: () => inPieces, limits: { messageBurst: 1_000_000 } },
    { limits: { startsPerSecond: 1e6, startBurst: 1e6 } },
  )
  proxy = await startChaosProxy({ target: { port: rig.port } })
})
afterAll(async () => {
  await proxy[Symbol.asyncDispose]()
  await rig[Symbol.asyncDispose]()
})

async function* inPieces(): AsyncGenerator<string> {
  let turn = 0
  for (const piece of pieces) {
    if (turn++ % 3 === 0) await new Promise((resolve) => setImmediate(resolve))
    yield piece
  }
}

/** Reads `ref` to its end over as many sockets as it takes; what was heard, put together. */
async function readThrough(url: string, begin: object): Promise<{ text: string; end: unknown; sockets: number }> {
  let text = ''
  let cursor: string | undefined
  for (let sockets = 1; ; sockets++) {
    const client = await SocketClient.open(url).catch(() => undefined)
    if (!client) continue
    client.say(cursor === undefined ? begin : { type: 'attach', ref: 'again', cursor })
    const end = await client.hear('end').catch(() => undefined)
    for (const message of client.heard) {
      // Whatever was heard whole counts, wherever the cut came.
      if ('cursor' in message && message.cursor !== undefined) cursor = message.cursor
      if (message.type === 'text') text += message.text
      if (message.type === 'refused') throw new Error(JSON.stringify(message))
    }
    client.ws.terminate()
    if (end) return { text, end, sockets }
  }
}

test('contract 1: text is the source’s, byte for byte, wherever connections are cut and however often', async () => {
  const cuts = fc.array(
    fc.record({ afterBytes: fc.integer({ min: 1, max: 3_000 }), how: fc.constantFrom('rst' as const, 'fin' as const) }),
    { minLength: 1, maxLength: 3 },
  )
  const texts = fc.array(hostileText(), { minLength: 1, maxLength: 40 })
  let resumed = 0
  const property = fc.asyncProperty(texts, cuts, async (said, cutsToMake) => {
    pieces = said
    const stream = await rig.sluice.start(inPieces, { as: { owner: 'ada' }, onDisconnect: 'continue' })
    for (const cut of cutsToMake) {
      proxy.heal()
      proxy.cut(cut)
      const begin = { type: 'attach', ref: 'a', stream: stream.id }
      const { text, end, sockets } = await readThrough(`ws://127.0.0.1:${proxy.port}/`, begin)
      expect(text).toBe((await rig.sluice.transcript({ id: stream.id }, { as: 'server' })).text)
      expect(text).toBe(expectedText(said))
      expect(end).toMatchObject({ type: 'end', reason: 'stop', complete: true })
      resumed += sockets - 1
    }
  })
  await check(property)
  // Cuts that came too late cut nothing; most do not.
  expect(resumed).toBeGreaterThan(100)
})
