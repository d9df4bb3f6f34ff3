import { createSluice, type Sluice, type SluiceError } from '@sluice/core'
import { expect, test } from 'vitest'

const AS = { as: 'server' } as const

/** Whether it compiles is what is asked here: what does not is refused when it runs, too. */
async function refuses(
  start: () => Promise<{ ended: Promise<{ error?: { code: string } | undefined }> }>,
): Promise<void> {
  const refused = await start().then(
    async ({ ended }) => (await ended).error?.code,
    (error: unknown) => (error as SluiceError).code,
  )
  expect(refused).toMatch(/^SLUICE_ERR_(OPTION|SOURCE|SOURCE_ITEM)$/)
}

test('what is no source does not compile, and is refused', async () => {
  const sluice = createSluice<{ progress: { step: number } }>()
  // @ts-expect-error A number is no source.
  await refuses(() => sluice.start(() => 5, AS))
  // @ts-expect-error Nor is the promise of one.
  await refuses(() => sluice.start(() => Promise.resolve(5), AS))
  // @ts-expect-error Text is an item, and no list of them.
  await refuses(() => sluice.start(() => 'text', AS))
  // @ts-expect-error Items are text, bytes and events.
  await refuses(() => sluice.start(() => [5], AS))
  // @ts-expect-error A list has no signal, and is running already.
  await refuses(() => sluice.start(['text'], AS))
  // @ts-expect-error A class has a name, and is no source that is known by one.
  await refuses(() => sluice.start(class Runner {}, AS))
})

test('an event of the application that is not its own does not compile', async () => {
  const sluice = createSluice<{ progress: { step: number } }>()
  const start = (source: Parameters<typeof sluice.start>[0]) => sluice.start(source, AS)
  // @ts-expect-error There is no such event.
  const unknown = await start(() => [{ type: 'data', name: 'nope', data: 1 }])
  // @ts-expect-error Its step is a number.
  const wrong = await start(() => [{ type: 'data', name: 'progress', data: { step: 'one' } }])
  const right = await start(() => [{ type: 'data', name: 'progress', data: { step: 1 } }])
  for (const stream of [unknown, wrong, right]) expect((await stream.ended).complete).toBe(true)
})

test('every kind of source compiles', async () => {
  const sluice: Sluice = createSluice({ sources: { known: () => ['text'] } })
  for (const source of [
    () => ['text'],
    () => Promise.resolve(['text']),
    () => new Set(['text']),
    () => ReadableStream.from(['text']),
    () => [new TextEncoder().encode('text')],
    () => [['te', 'xt']],
    function* () {
      yield 'text'
    },
    async function* () {
      yield { type: 'text', text: 'text' } as const
    },
    { name: 'known' },
    { name: 'known', input: { prompt: 'hi' } },
  ] as const) {
    const stream = await sluice.start(source, AS)
    expect(await stream.text()).toBe('text')
  }
})
