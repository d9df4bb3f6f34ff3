import { createSluice, type Observer, type Source, SluiceError } from '@sluice/core'
import { describe, expect, test } from 'vitest'

const AS = { as: 'server' } as const

function listen(): { observer: Observer; heard: [where: string, error: unknown, id: string | undefined][] } {
  const heard: [string, unknown, string | undefined][] = []
  return { heard, observer: { failed: (stream, { where, error }) => void heard.push([where, error, stream?.id]) } }
}

describe('an observer is told what a source threw, which readers are not', () => {
  const bug = new Error('secret')
  const broken = new SluiceError('SLUICE_ERR_BACKEND', 'Busy.', { cause: bug })
  test.each<[string, Source, unknown]>([
    [
      'at once',
      () => {
        throw bug
      },
      bug,
    ],
    ['by a promise', () => Promise.reject(bug), bug],
    [
      'after a token',
      async function* () {
        yield 'a'
        throw bug
      },
      bug,
    ],
    [
      'what was meant for readers',
      () => {
        throw broken
      },
      broken,
    ],
    ['nothing that can be iterated', () => 5 as never, expect.objectContaining({ code: 'SLUICE_ERR_SOURCE_ITEM' })],
    ['an item that cannot be', () => [5] as never, expect.objectContaining({ code: 'SLUICE_ERR_SOURCE_ITEM' })],
  ])('%s', async (_, source, error) => {
    const { observer, heard } = listen()
    const sluice = createSluice({ observers: [observer] })
    const stream = await sluice.start(source, AS)
    const end = await stream.ended
    expect(heard).toEqual([['source', error, stream.id]])
    expect(JSON.stringify(end)).not.toContain('secret')
  })

  test('and not what one threw because it was stopped', async () => {
    const { observer, heard } = listen()
    const sluice = createSluice({ observers: [observer] })
    const begun = Promise.withResolvers<void>()
    const stopped = Promise.withResolvers<void>()
    const stream = await sluice.start(async function* ({ signal }) {
      yield 'a'
      begun.resolve()
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))).finally(
        stopped.resolve,
      )
    }, AS)
    await begun.promise
    await stream.cancel()
    await stopped.promise
    expect(await stream.ended).toMatchObject({ reason: 'cancelled' })
    await sluice.drain()
    expect(heard).toEqual([])
  })
})

test('an observer that came later is told until it goes, and the others as before', async () => {
  const [first, second] = [listen(), listen()]
  const sluice = createSluice({ observers: [first.observer] })
  const fail = async (): Promise<unknown> => (await sluice.start(() => Promise.reject(new Error('x')), AS)).ended
  const leave = sluice.observe(second.observer)
  await fail()
  leave()
  await fail()
  expect([first.heard.length, second.heard.length]).toEqual([2, 1])
})
