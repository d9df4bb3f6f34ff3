import { createSluice, type SourceContext } from '@sluice/core'
import { fromObservable, type FromObservableOptions } from '@sluice/rxjs'
import { quiet, until } from '@sluice/testing/patience'
import { NEVER, Observable, of, Subject, throwError } from 'rxjs'
import { describe, expect, test } from 'vitest'

const as = { owner: 'ada' }

test('an observable is a source', async () => {
  const stream = await createSluice().start(
    fromObservable(() => of('a', new TextEncoder().encode('b'), { type: 'text', text: 'c' } as const)),
    { as },
  )
  expect(await stream.text()).toBe('abc')
})

test('what it fails with is what the source fails with', async () => {
  const stream = await createSluice().start(
    fromObservable(() => throwError(() => new Error('secret'))),
    { as },
  )
  expect(await stream.ended).toMatchObject({ reason: 'error', cause: 'source' })
})

test('is left when the stream is cancelled, though it says nothing', async () => {
  let left = false
  const sluice = createSluice()
  const silent = new Observable<string>((subscriber) => {
    subscriber.next('a')
    return () => (left = true)
  })
  const stream = await sluice.start(
    fromObservable(() => silent),
    { as, onDisconnect: 'continue' },
  )
  await until(() => sluice.stats().store.live === 1)
  await stream.cancel()
  await until(() => left, 'the observable is left')
  await until(() => sluice.stats().producing === 0, 'the source has finished running')
})

describe('a stream that takes nothing', () => {
  /** What is got by somebody who begins to take after everything was emitted. */
  async function emitted(count: number, options: FromObservableOptions): Promise<{ got: unknown[]; left: boolean }> {
    let left = false
    const subject = new Subject<string>()
    const source = fromObservable(
      () => new Observable<string>((subscriber) => subject.subscribe(subscriber).add(() => (left = true))),
      options,
    )
    const items = source({ signal: new AbortController().signal } as SourceContext) as AsyncGenerator<string>
    const first = items.next()
    await quiet()
    for (let index = 0; index < count; index++) subject.next(String(index))
    const got: unknown[] = [(await first).value]
    const rest = (async () => {
      for await (const item of { [Symbol.asyncIterator]: () => items }) got.push(item)
    })()
    subject.complete()
    await rest.catch((error: { code?: string }) => got.push(error.code))
    return { got, left }
  }

  test.each<[FromObservableOptions['overflow'], unknown[]]>([
    [undefined, ['0', '1', '2', 'SLUICE_ERR_SOURCE']],
    ['drop-oldest', ['3', '4', '5']],
    ['drop-newest', ['0', '1', '2']],
  ])('%s', async (overflow, expected) => {
    const { got, left } = await emitted(6, { bufferItems: 3, overflow })
    expect([got, left]).toEqual([expected, true])
  })

  test('is bounded in bytes too, and lets one item in', async () => {
    const { got } = await emitted(4, { bufferBytes: 4, overflow: 'drop-newest' })
    expect(got).toEqual(['0', '1'])
    expect((await emitted(1, { bufferBytes: 1 })).got).toEqual(['0'])
  })

  test('presses on what can be paused, and lets go when nothing waits', async () => {
    const pressed: boolean[] = []
    await emitted(4, { bufferItems: 8, onPressure: (held) => void pressed.push(held) })
    expect(pressed).toEqual([true, false])
  })
})

test.each<[FromObservableOptions, string]>([
  [{ bufferItems: 0 }, '"bufferItems"'],
  [{ bufferBytes: -1 }, '"bufferBytes"'],
  [{ overflow: 'wait' as never }, '"overflow"'],
])('%j is refused', (options, named) => {
  expect(() => fromObservable(() => NEVER, options)).toThrow(named)
})
