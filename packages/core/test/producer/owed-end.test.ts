import { createMemoryStore, createSluice, type Store } from '@sluice/core'
import { expect, test } from 'vitest'
import { createCollectingSink, createScriptedSource, createVirtualRuntime, plainWire } from '../rig/core-rig.ts'

const AS = { as: 'server' } as const

/** `store`, whose `close` asks `down` each time, and fails as long as that says so. */
function closingBadly(store: Store, down: () => boolean): Store {
  const close: Store['close'] = (...args) => {
    if (down()) throw new Error('The store does not answer.')
    return store.close(...args)
  }
  const get = (_: Store, name: keyof Store): unknown => {
    const value = store[name]
    if (name === 'close') return close
    return typeof value === 'function' ? value.bind(store) : value
  }
  return new Proxy(store, { get: get as ProxyHandler<Store>['get'] })
}

async function drained(disturb: (leave: () => void) => void) {
  const runtime = createVirtualRuntime()
  let down = true
  let closes = 0
  const store = closingBadly(createMemoryStore({ runtime }), () => (closes++, down))
  const sluice = createSluice({ runtime, store, stream: { onDisconnect: 'continue' } })
  const { source } = createScriptedSource([{ yield: 'a' }, { hang: true }], { runtime })
  const stream = await sluice.start(source, AS)
  const connection = stream.deliver(createCollectingSink(), { wire: plainWire })
  await runtime.advance(100)
  void sluice.drain({ withinMs: 0 })
  await runtime.advance(100)
  disturb(() => connection.lost())
  await runtime.advance(100)
  down = false
  return { runtime, stream, closes: () => closes }
}

test('contract 3, 4: an end that the store has failed to take is tried again a second later, whoever leaves meanwhile', async () => {
  for (const disturb of [(): void => {}, (leave: () => void): void => leave()]) {
    const { runtime, stream } = await drained(disturb)
    await runtime.advance(1000)
    expect(stream.end).toMatchObject({ reason: 'interrupted', cause: 'drain' })
  }
})

test('contract 14: nothing is tried any more once the stream has its end', async () => {
  const { runtime, stream, closes } = await drained(() => {})
  const failed = closes()
  expect(failed).toBeGreaterThan(0)
  await stream.cancel()
  await runtime.advance(60_000)
  expect(stream.end).toMatchObject({ reason: 'cancelled' })
  expect(closes()).toBe(failed + 1)
})
