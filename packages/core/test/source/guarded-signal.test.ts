import { createSluice, type Source, type SourceContext } from '@sluice/core'
import { guardSignal } from '@sluice/core/extend'
import { createVirtualRuntime } from '../../../testing/src/index.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const BOOM = new Error('boom')

/** Everything that user code may do to learn that it is to stop, and get wrong. */
function listenBadly({ signal }: SourceContext, called: string[]): void {
  signal.addEventListener('abort', () => {
    called.push('listener')
    throw BOOM
  })
  const rejecting: unknown = async () => {
    called.push('async')
    await Promise.resolve()
    throw BOOM
  }
  signal.addEventListener('abort', rejecting as (event: Event) => void)
  signal.addEventListener('abort', {
    handleEvent() {
      called.push('object')
      throw BOOM
    },
  })
  signal.onabort = () => {
    called.push('onabort')
    throw BOOM
  }
  signal.addEventListener('abort', () => called.push('last'))
}

describe('contract 13: what listens to the signal of a source throws', () => {
  const uncaught: unknown[] = []
  const note = (error: unknown): void => void uncaught.push(error)
  beforeEach(() => {
    uncaught.length = 0
    process.on('uncaughtException', note).on('unhandledRejection', note)
  })
  afterEach(() => void process.off('uncaughtException', note).off('unhandledRejection', note))

  test.each(['cancel', 'erase', 'deadline', 'drain', 'replaced', 'last reader'] as const)(
    'at a %s the process lives on, all are called, and observers are told',
    async (how) => {
      const runtime = createVirtualRuntime()
      const called: string[] = []
      const told: { where: string; error: unknown }[] = []
      const sluice = createSluice({ runtime, observers: [{ failed: (_, info) => void told.push(info) }] })
      const source: Source = async function* (context) {
        listenBadly(context, called)
        yield 'a'
        await new Promise((resolve) => context.signal.addEventListener('abort', resolve))
      }
      const as = { owner: 'ada' }
      const deadlines = { idleMs: how === 'deadline' ? 1_000 : false } as const
      const onDisconnect = how === 'last reader' ? 'cancel' : 'continue'
      const stream = await sluice.start(source, { as, key: 'chat', deadlines, onDisconnect })
      stream.hold()
      await runtime.advance(10)
      if (how === 'cancel') await sluice.cancel({ id: stream.id }, { as })
      else if (how === 'erase') await sluice.erase({ id: stream.id }, { as })
      else if (how === 'drain') void sluice.drain({ withinMs: 10 })
      else if (how === 'replaced') await sluice.start(() => ['b'], { as, key: 'chat', ifRunning: 'cancel' })
      else if (how === 'last reader') stream.detach()
      await runtime.advance(2_000)
      expect((await stream.ended).complete).toBe(false)
      // What nobody catches is told of a turn later.
      await new Promise((resolve) => setImmediate(resolve))
      expect(uncaught).toEqual([])
      expect(called.toSorted()).toEqual(['async', 'last', 'listener', 'object', 'onabort'])
      expect(told).toEqual(Array.from({ length: 4 }, () => ({ where: 'abort listener', error: BOOM })))
    },
  )
})

describe('a guarded signal is a signal', () => {
  test('it is one to whoever asks, and others depend on it', async () => {
    const controller = new AbortController()
    const signal = guardSignal(controller.signal, () => {})
    expect(signal).toBe(controller.signal)
    expect(signal).toBeInstanceOf(AbortSignal)
    const any = AbortSignal.any([signal])
    const fetched = fetch('http://127.0.0.1:9/', { signal }).catch((error: unknown) => error)
    controller.abort(BOOM)
    expect([signal.aborted, signal.reason, any.aborted]).toEqual([true, BOOM, true])
    expect(await fetched).toBe(BOOM)
    expect(() => signal.throwIfAborted()).toThrow(BOOM)
  })

  test('listeners are called once, with the event, and can be removed', () => {
    const controller = new AbortController()
    const signal = guardSignal(controller.signal, () => {})
    const seen: string[] = []
    const one = function (this: unknown, event: Event): void {
      seen.push(`one ${event.type} ${this === signal}`)
    }
    const other = (): void => void seen.push('other')
    signal.addEventListener('abort', one)
    signal.addEventListener('abort', one)
    signal.addEventListener('abort', other)
    signal.removeEventListener('abort', other)
    signal.addEventListener('abort', null as never)
    signal.onabort = other
    expect(signal.onabort).toBe(other)
    signal.onabort = null
    expect(signal.onabort).toBeNull()
    signal.onabort = one
    controller.abort()
    expect(seen).toEqual(['one abort true', 'one abort true'])
  })
})
