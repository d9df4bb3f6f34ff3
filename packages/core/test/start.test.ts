import { describe, expect, test } from 'vitest'
import { createRig, createScriptedSource, settlesWithin, sluiceErrorOf } from './core-rig.ts'

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
