import type { SourceItem } from '@sluice/core'
import { ownTimeMs, quiet } from '@sluice/testing/patience'
import { openAiChatSource } from '@sluice/wires/openai'
import { describe, expect, test } from 'vitest'
import { answers, BODY } from '../rig/chat-backend.ts'
import { chunk, DONE, type Exchange, startBackend } from '../rig/fake-backend.ts'
import { contextOf, eventsOf, itemsOf, text } from '../rig/reading.ts'

describe('cancellation', () => {
  const hanging = async (exchange: Exchange): Promise<void> => {
    exchange.stream()
    await exchange.send(chunk({ content: 'a' }))
  }
  const soon = async (closed: Promise<void>): Promise<number> => {
    const began = ownTimeMs()
    await closed
    return ownTimeMs() - began
  }

  test('rule 8: an abort closes the connection at once, even while a read is outstanding', async () => {
    await using backend = await startBackend(hanging)
    const abort = new AbortController()
    const items = itemsOf(openAiChatSource({ baseUrl: backend.baseUrl, body: BODY }), abort.signal)
    expect((await items.next()).value).toEqual(text('a'))
    const outstanding = items.next()
    const failed = outstanding.catch((error: unknown) => error)
    await quiet()
    abort.abort('enough')
    expect(await soon((await backend.first()).closed)).toBeLessThan(250)
    expect(await failed).toBe('enough')
  })

  test('rule 8: an abort closes the connection while the backend has not answered yet', async () => {
    await using backend = await startBackend(() => {})
    const abort = new AbortController()
    const opening = openAiChatSource({ baseUrl: backend.baseUrl, body: BODY })(contextOf(abort.signal))
    const failed = Promise.resolve(opening).catch((error: unknown) => error)
    const exchange = await backend.first()
    abort.abort('enough')
    expect(await soon(exchange.closed)).toBeLessThan(250)
    expect(await failed).toBe('enough')
  })

  test('rule 8: leaving the iteration closes the connection, even while a read is outstanding', async () => {
    await using backend = await startBackend(hanging)
    const source = openAiChatSource({ baseUrl: backend.baseUrl, body: BODY })
    const items = (await source(contextOf(new AbortController().signal))) as AsyncIterable<SourceItem>
    const iterator = items[Symbol.asyncIterator]()
    expect((await iterator.next()).value).toEqual(['a'])
    const outstanding = iterator.next()
    await iterator.return!()
    expect(await soon((await backend.first()).closed)).toBeLessThan(250)
    expect(await outstanding).toEqual({ done: true, value: undefined })
  })

  test('rule 14: leaves no listener on the signal', async () => {
    await using backend = await startBackend(answers(chunk({ content: 'a' }), DONE))
    const { signal } = new AbortController()
    let listening = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    const listeners = new Set<unknown>()
    const fetchWithout: typeof fetch = (url, init) => fetch(url, { ...init, signal: null })
    signal.addEventListener = (type: string, listener: never, options?: never) => {
      listeners.add(listener)
      listening++
      add(type, listener, options)
    }
    signal.removeEventListener = (type: string, listener: never) => {
      listeners.delete(listener)
      remove(type, listener)
    }
    await eventsOf(openAiChatSource({ baseUrl: backend.baseUrl, body: BODY, fetch: fetchWithout }), signal)
    expect(listening).toBeGreaterThan(0)
    expect(listeners.size).toBe(0)
  })
})
