import type { SourceContext, SourceItem } from '@sluice/core'
import { createScriptedSource, createVirtualRuntime, drainMicrotasks, type ScriptedSource } from '@sluice/testing'
import { describe, expect, test } from 'vitest'

function createContext(signal: AbortSignal = new AbortController().signal): SourceContext {
  const inbox = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) }
  return { id: 'stream', meta: {}, signal, inbox, touch: () => {}, prefix: '', input: undefined }
}

async function collect({ source }: ScriptedSource, signal?: AbortSignal): Promise<SourceItem[]> {
  const items: SourceItem[] = []
  for await (const item of await source(createContext(signal))) items.push(item)
  return items
}

describe.each(['async-iterable', 'iterator-without-return', 'readable-stream', 'iterable'] as const)(
  'as %s',
  (shape) => {
    test('plays its items, then ends, and counts', async () => {
      const scripted = createScriptedSource([{ yield: 'a' }, { yield: ['b', 'c'] }, 'end', { yield: 'never' }], {
        shape,
      })
      expect(await collect(scripted)).toEqual(['a', ['b', 'c']])
      expect(scripted).toMatchObject({
        started: 1,
        pulls: 3,
        yielded: 2,
        outstanding: 0,
        settled: true,
        aborted: false,
      })
    })

    test('fails with anything', async () => {
      for (const error of [new Error('broken'), undefined, 'text', Object.freeze({})]) {
        const scripted = createScriptedSource([{ yield: 'a' }, { throw: error }], { shape })
        const caught = await collect(scripted).then(
          () => 'nothing',
          (reason: unknown) => reason,
        )
        expect(caught).toBe(error)
        expect(scripted.settled).toBe(true)
      }
    })

    test('may be given as a promise', async () => {
      const scripted = createScriptedSource([{ yield: 'a' }], { shape, opening: [] })
      expect(scripted.source(createContext())).toBeInstanceOf(Promise)
      expect(await collect(scripted)).toEqual(['a'])
    })
  },
)

test('is not pulled before it is asked to, not even as a stream', async () => {
  const scripted = createScriptedSource([{ yield: 'a' }], { shape: 'readable-stream' })
  const reader = (scripted.source(createContext()) as ReadableStream<SourceItem>).getReader()
  await drainMicrotasks()
  expect(scripted.pulls).toBe(0)
  await reader.cancel()
  expect(scripted).toMatchObject({ returned: 1, settled: true, pulls: 0 })
})

test('waits on the clock it was given', async () => {
  const runtime = createVirtualRuntime()
  const scripted = createScriptedSource([{ wait: 500 }, { yield: 'a' }], { runtime })
  const items = collect(scripted)
  await runtime.advance(499)
  expect(scripted).toMatchObject({ outstanding: 1, yielded: 0 })
  await runtime.advance(1)
  expect(await items).toEqual(['a'])
  expect(runtime.pendingTimers).toBe(0)
})

describe('when the signal aborts', () => {
  test('a waiting source fails with the reason, leaves no timer and says when', async () => {
    const runtime = createVirtualRuntime()
    const abort = new AbortController()
    const scripted = createScriptedSource([{ yield: 'a' }, { wait: 1000 }, { yield: 'b' }], { runtime })
    const items = collect(scripted, abort.signal)
    await runtime.advance(300)
    abort.abort(new Error('cancelled'))
    await expect(items).rejects.toThrow('cancelled')
    expect(scripted).toMatchObject({ aborted: true, abortedAtMs: 300, settled: true, yielded: 1 })
    expect(runtime.pendingTimers).toBe(0)
  })

  test('a hanging source ends', async () => {
    const abort = new AbortController()
    const items = collect(createScriptedSource([{ hang: true }]), abort.signal)
    abort.abort(new Error('cancelled'))
    await expect(items).rejects.toThrow('cancelled')
  })

  test('one that ignores it goes on, or hangs for ever', async () => {
    const runtime = createVirtualRuntime()
    const abort = new AbortController()
    abort.abort()
    const stubborn = createScriptedSource([{ ignoreAbort: true }, { wait: 10 }, { yield: 'a' }], { runtime })
    const items = collect(stubborn, abort.signal)
    await runtime.advance(10)
    expect(await items).toEqual(['a'])

    const hanging = createScriptedSource([{ ignoreAbort: true }, { hang: true }])
    void collect(hanging, abort.signal)
    await drainMicrotasks()
    expect(hanging).toMatchObject({ aborted: true, outstanding: 1, settled: false })
  })

  test('one that yields after the abort does so exactly then', async () => {
    const abort = new AbortController()
    const scripted = createScriptedSource([{ yield: 'a' }, { yieldAfterAbort: 2 }, { ignoreAbort: true }])
    const items = collect(scripted, abort.signal)
    await drainMicrotasks()
    expect(scripted.yielded).toBe(1)
    abort.abort()
    expect(await items).toEqual(['a', 'late 1', 'late 2'])
  })
})

describe('opening', () => {
  test('may take time, fail or hang', async () => {
    const runtime = createVirtualRuntime()
    const slow = collect(createScriptedSource([{ yield: 'a' }], { runtime, opening: [{ wait: 100 }] }))
    await runtime.advance(100)
    expect(await slow).toEqual(['a'])

    const failing = createScriptedSource([], { opening: [{ throw: new Error('no backend') }] })
    await expect(collect(failing)).rejects.toThrow('no backend')
    expect(failing).toMatchObject({ settled: true, pulls: 0 })

    const abort = new AbortController()
    const hanging = collect(createScriptedSource([], { opening: [{ hang: true }] }), abort.signal)
    abort.abort(new Error('cancelled'))
    await expect(hanging).rejects.toThrow('cancelled')
  })

  test('may throw before there is a promise', () => {
    const scripted = createScriptedSource([], { throwAtOnce: { error: 'not an Error' } })
    expect(() => scripted.source(createContext())).toThrow('not an Error')
  })
})

test('two pulls at a time are refused and counted', async () => {
  const scripted = createScriptedSource([{ yield: 'a' }, { yield: 'b' }])
  const iterator = (scripted.source(createContext()) as AsyncIterable<SourceItem>)[Symbol.asyncIterator]()
  const [first, second] = await Promise.allSettled([iterator.next(), iterator.next()])
  expect([first.status, second.status]).toEqual(['fulfilled', 'rejected'])
  expect(scripted).toMatchObject({ overlappingPulls: 1, yielded: 1 })
})

test('return ends the source once its pull has settled, as that of an async generator does', async () => {
  const scripted = createScriptedSource([{ yield: 'a' }, { yield: 'b' }])
  for await (const _ of scripted.source(createContext()) as AsyncIterable<SourceItem>) break
  expect(scripted).toMatchObject({ returned: 1, settled: true, yielded: 1 })
})

test('a synchronous iterable that should wait is refused', () => {
  expect(() => createScriptedSource([{ wait: 5 }], { shape: 'iterable' })).toThrow(TypeError)
})
