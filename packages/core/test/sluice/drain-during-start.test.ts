import { createMemoryStore, createSluice, type Store } from '@sluice/core'
import { expect, test } from 'vitest'
import { createVirtualRuntime, sluiceErrorOf } from '../rig/core-rig.ts'

/** A store in memory whose `begin` takes a while, as one over a network does. */
function distant(runtime: ReturnType<typeof createVirtualRuntime>, ms: number): Store {
  const memory = createMemoryStore({ runtime })
  return new Proxy(memory, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown
      if (typeof value !== 'function') return value
      if (name !== 'begin') return value.bind(target) as unknown
      return async (...asked: unknown[]) => {
        await new Promise<void>((resolve) => runtime.after(ms, resolve))
        return value.apply(target, asked) as unknown
      }
    },
  })
}

test.each([10, 100])(
  'contract 14: a start that waits for its store when a drain of %s ms begins is refused, and runs nothing after it',
  async (withinMs) => {
    const runtime = createVirtualRuntime()
    const store = distant(runtime, 50)
    const sluice = createSluice({ store, runtime })
    let called = 0
    const source = async function* (): AsyncGenerator<string> {
      called++
      yield 'a'
    }
    const refused = sluiceErrorOf(() => sluice.start(source, { as: { owner: 'ada' }, key: 'chat' }))
    let drained = false
    const draining = sluice.drain({ withinMs }).then(() => (drained = true))
    await runtime.advance(20)
    expect(drained).toBe(false)
    await runtime.advance(500)
    await draining
    expect((await refused).code).toBe('SLUICE_ERR_DRAINING')
    expect(called).toBe(0)
    expect(sluice.stats()).toMatchObject({ producing: 0, store: { live: 0 } })
    await runtime.advance(60_000)
    expect(called).toBe(0)
  },
)
