import { createMemoryStore, createSluice, type StreamResult } from '@sluice/core'
import { describe, expect, test } from 'vitest'
import { createRig, createScriptedSource, createVirtualRuntime } from '../rig/core-rig.ts'

const SERVER = { as: 'server', onDisconnect: 'continue' } as const

describe('contract 3: an end, and what is left before it, reaches who is attached', () => {
  test('whatever the retention: a reader that takes its time reads all of a stream that is kept for no time', async () => {
    const { sluice, runtime } = createRig({ stream: { retentionMs: 0 } })
    const words = Array.from({ length: 100 }, (_, at) => `${at} `.repeat(100))
    const stream = await sluice.start(createScriptedSource([{ yield: words }], { runtime }).source, SERVER)
    const late = await sluice.attach({ id: stream.id }, SERVER)
    late.hold()
    const read: string[] = []
    const reading = (async () => {
      for await (const event of stream) {
        if (event.type === 'text') read.push(event.text)
        if (event.type === 'end') read.push('end')
        await new Promise<void>((resolve) => runtime.after(20, resolve))
      }
    })()
    await runtime.advance(60_000)
    await reading
    expect(read.join('')).toBe(`${words.join('')}end`)
    // Nobody new finds it, and what the one who holds it has is let go with the hold.
    await expect(sluice.attach({ id: stream.id }, SERVER)).rejects.toMatchObject({ code: 'SLUICE_ERR_GONE' })
    expect(sluice.stats().store.bytes).toBeGreaterThan(0)
    expect(await late.text()).toBe(words.join(''))
    await runtime.advance(1)
    expect(sluice.stats().store).toMatchObject({ bytes: 0, streams: 0 })
  })

  test('whatever the cap: settle is given the whole text of a stream that ends while others use up the memory', async () => {
    const runtime = createVirtualRuntime()
    const settled: StreamResult[] = []
    const store = createMemoryStore({ maxBytes: 64 * 1024, runtime })
    const sluice = createSluice({ store, runtime, settle: (result) => void settled.push(result) })
    const steps = [{ yield: 'hello' }, { wait: 50 }, { yield: ' world' }]
    const small = await sluice.start(createScriptedSource(steps, { runtime }).source, SERVER)
    const hog = createScriptedSource([{ yield: Array.from({ length: 100 }, () => 'b'.repeat(1000)) }, { wait: 1e6 }], {
      runtime,
    })
    const reading = await sluice.attach({ id: small.id }, SERVER)
    reading.hold()
    await sluice.start(hog.source, SERVER)
    await runtime.advance(1_000)
    expect(settled.map(({ text, trimmed }) => ({ text, trimmed }))).toEqual([{ text: 'hello world', trimmed: false }])
    expect(await reading.text()).toBe('hello world')
    await runtime.advance(1)
    // Now that nobody reads it, it goes.
    const other = createScriptedSource([{ yield: 'x' }], { runtime })
    await expect(sluice.start(other.source, SERVER)).rejects.toMatchObject({ code: 'SLUICE_ERR_OVERLOADED' })
    await expect(sluice.info({ id: small.id }, SERVER)).rejects.toMatchObject({ code: 'SLUICE_ERR_GONE' })
  })

  test('but for one: what is erased is gone at once', async () => {
    const { sluice, runtime } = createRig()
    const stream = await sluice.start(createScriptedSource([{ yield: 'secret' }], { runtime }).source, SERVER)
    stream.hold()
    await runtime.advance(10)
    await sluice.erase({ id: stream.id }, SERVER)
    expect(sluice.stats().store).toMatchObject({ bytes: 0, streams: 0 })
    await expect(stream.text()).rejects.toMatchObject({ code: 'SLUICE_ERR_READING_CLOSED' })
  })
})
