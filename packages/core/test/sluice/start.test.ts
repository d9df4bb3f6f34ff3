import { createMemoryStore, type Source } from '@sluice/core'
import { describe, expect, test } from 'vitest'
import { createRig, createScriptedSource, settlesWithin, sluiceErrorOf } from '../rig/core-rig.ts'

const ADA = { as: { owner: 'ada' } } as const
const hanging = createScriptedSource([{ yield: 'a' }, { hang: true }])

describe('start', () => {
  test('refuses an unknown `ifRunning` and leaves the running stream alone', async () => {
    const { sluice, runtime } = createRig()
    const first = await sluice.start(hanging.source, { ...ADA, key: 'chat' })
    await runtime.flush()
    const again = sluice.start(hanging.source, { ...ADA, key: 'chat', ifRunning: 'atach' as never })
    const error = await again.then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(first.end).toBeUndefined()
    expect(error).toMatchObject({ code: 'SLUICE_ERR_OPTION' })
    expect(String(error)).toContain('ifRunning')
  })

  test('contract 1: joining a running stream whose head was trimmed reads on from its oldest event', async () => {
    const { sluice, runtime } = createRig({
      stream: { windowBytes: 64, maxEventBytes: 256, retentionBytes: 1024, onDisconnect: 'continue' },
    })
    const texts = Array.from({ length: 200 }, (_, index) => ({ yield: `token ${index} ` }))
    const scripted = createScriptedSource([...texts, { wait: 10 }, { yield: 'last' }], { runtime })
    await sluice.start(scripted.source, { ...ADA, key: 'chat' })
    await runtime.flush()
    const joined = await sluice.start(scripted.source, { ...ADA, key: 'chat' })
    expect(joined.attached).toBe(true)
    const result = joined.result()
    result.catch(() => {})
    await runtime.advance(1000)
    expect((await result).text).toMatch(/token 199 last$/)
    expect((await result).trimmed).toBe(true)
  })

  test('contract 14: a transform that cannot be made leaves neither a stream nor its key behind', async () => {
    const { sluice } = createRig({
      transforms: [
        () => {
          throw new Error('no transform')
        },
      ],
    })
    await expect(sluice.start(hanging.source, { ...ADA, key: 'chat' })).rejects.toThrow('no transform')
    expect(sluice.stats()).toMatchObject({ producing: 0, store: { live: 0 } })
    await expect(sluice.start(hanging.source, { ...ADA, key: 'chat' })).rejects.toThrow('no transform')
  })

  test('refuses metadata that is no JSON with a typed error', async () => {
    const { sluice } = createRig()
    const loop: Record<string, unknown> = {}
    loop['self'] = loop
    for (const meta of [loop, { big: 1n }]) {
      const error = await sluiceErrorOf(() => sluice.start(hanging.source, { ...ADA, meta: meta as never }))
      expect(error).toMatchObject({ code: 'SLUICE_ERR_OPTION' })
      expect(error.message).toContain('meta')
    }
    expect(sluice.stats()).toMatchObject({ producing: 0, store: { live: 0 } })
  })

  test('contract 14: a `waitUntil` that throws does not free the place of a source that runs', async () => {
    const { sluice, runtime } = createRig()
    const scripted = createScriptedSource([{ wait: 100 }, { yield: 'a' }], { runtime })
    const waitUntil = (): void => {
      throw new Error('too late')
    }
    await sluice.start(scripted.source, { ...ADA, waitUntil }).catch(() => {})
    await runtime.flush()
    const running = scripted.started === 1 && !scripted.settled && !scripted.aborted
    expect(sluice.stats().producing).toBe(running ? 1 : 0)
  })

  test('contract 4: an attached handle is told the end of a stream that its own process does not produce', async () => {
    const { sluice, runtime } = createRig()
    const { source } = createScriptedSource([{ yield: 'a' }, { hang: true }])
    const first = await sluice.start(source, { ...ADA, key: 'chat' })
    const joined = await sluice.start(source, { ...ADA, key: 'chat' })
    const ended = joined.ended
    await first.cancel()
    expect(await settlesWithin(runtime, 0, ended)).toBe(true)
    expect(await ended).toBe(first.end)
  })
})

describe('a source that is started by its name', () => {
  const echo: Source = async function* ({ input, prefix }) {
    yield { type: 'data', name: 'input', data: input ?? 'none' }
    yield `after "${prefix}"`
  }

  test('is given its input, and no text, at its first start', async () => {
    const { sluice, runtime } = createRig({ sources: { echo } })
    for (const input of [{ prompt: 'ü', of: [1, null] }, 'text', 0, null]) {
      const stream = await sluice.start({ name: 'echo', input }, ADA)
      const result = stream.result()
      await runtime.flush()
      const { events, text, end } = await result
      expect(events[0]).toEqual({ type: 'data', name: 'input', data: input ?? 'none' })
      expect([text, end.complete]).toEqual(['after ""', true])
    }
  })

  test('needs no input', async () => {
    const { sluice, runtime } = createRig({ sources: { echo } })
    const result = (await sluice.start({ name: 'echo' }, ADA)).result()
    await runtime.flush()
    expect((await result).events[0]).toMatchObject({ data: 'none' })
  })

  test('is stored with its name, its input and its options: all that another process needs to go on', async () => {
    const store = createMemoryStore()
    const { sluice } = createRig({ store, sources: { echo } })
    const { id } = await sluice.start({ name: 'echo', input: [1] }, { ...ADA, takeoverMs: 7 })
    const found = await store.find({ tenant: '', id })
    const facts = found.is === 'stream' ? found.stream.facts : undefined
    expect(facts).toMatchObject({ source: { name: 'echo', input: [1] }, options: { takeoverMs: 7 } })
    const { id: other } = await sluice.start(() => ['a'], ADA)
    const plain = await store.find({ tenant: '', id: other })
    expect(plain.is === 'stream' && Object.hasOwn(plain.stream.facts, 'source')).toBe(false)
  })

  test.each([
    ['no such name', { name: 'ecco' }],
    ['a name every object has', { name: 'toString' }],
    ['no name', { input: 1 }],
    ['no JSON', { name: 'echo', input: 1n }],
    ['nothing', null],
    ['a bare iterable', ['a']],
  ])('is refused with a typed error, and leaves nothing behind: %s', async (_, source) => {
    const { sluice } = createRig({ sources: { echo } })
    const error = await sluiceErrorOf(() => sluice.start(source as never, ADA))
    expect(error).toMatchObject({ code: 'SLUICE_ERR_OPTION' })
    expect(error.message).toContain('source')
    expect(sluice.stats()).toMatchObject({ producing: 0, store: { live: 0 } })
  })

  test('what it was given does not change with the object it came from', async () => {
    const { sluice, runtime } = createRig({ sources: { echo } })
    const input = { step: 1 }
    const stream = await sluice.start({ name: 'echo', input }, ADA)
    input.step = 2
    const result = stream.result()
    await runtime.flush()
    expect((await result).events[0]).toMatchObject({ data: { step: 1 } })
  })
})
