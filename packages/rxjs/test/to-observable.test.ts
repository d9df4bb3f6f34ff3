import { createSluice, type StreamEvent } from '@sluice/core'
import { toObservable } from '@sluice/rxjs'
import { drainMicrotasks } from '@sluice/testing'
import { quiet, until, untilStill } from '@sluice/testing/patience'
import { concatMap, firstValueFrom, from, lastValueFrom, ReplaySubject, Subject, toArray } from 'rxjs'
import { describe, expect, test } from 'vitest'

const as = { owner: 'ada' }
/** Items of which a window of 64 KiB holds few. */
const ITEM = 'x'.repeat(4096)
const ITEMS = 20_000

/** A source of many items, and what is seen of it. */
function counted() {
  const seen = { yielded: 0, aborted: false, returned: false }
  async function* source({ signal }: { signal: AbortSignal }): AsyncGenerator<string> {
    signal.addEventListener('abort', () => (seen.aborted = true))
    try {
      for (; seen.yielded < ITEMS && !signal.aborted; seen.yielded++) yield ITEM
    } finally {
      seen.returned = true
    }
  }
  return { seen, source }
}

/** A source that says a word and waits until it is stopped. */
function waiting() {
  const seen = { aborted: false }
  async function* source({ signal }: { signal: AbortSignal }): AsyncGenerator<string> {
    yield 'one'
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    seen.aborted = true
  }
  return { seen, source }
}

describe('toObservable', () => {
  test('gives all events, the end last, and completes', async () => {
    const stream = await createSluice().start(() => ['a', 'b'], { as })
    const events = await lastValueFrom(toObservable(stream).pipe(toArray()))
    expect(events.map((event) => (event.type === 'text' ? event.text : event))).toMatchObject([
      'a',
      'b',
      { type: 'end', reason: 'stop', complete: true },
    ])
  })

  test('contract 2: an end that is no whole answer is an error, after its end', async () => {
    const stream = await createSluice().start(
      async function* () {
        yield 'a'
        throw new Error('secret')
      },
      { as },
    )
    const events: StreamEvent[] = []
    const error = await new Promise<{ code?: string; message?: string }>((resolve) => {
      toObservable(stream).subscribe({ next: (event) => events.push(event), error: resolve })
    })
    expect(events.map(({ type }) => type)).toEqual(['text', 'end'])
    expect([error.code, error.message?.includes('secret')]).toEqual(['SLUICE_ERR_SOURCE', false])
  })

  test('each subscriber has a reading of its own where it can be made anew', async () => {
    const sluice = createSluice()
    const { id } = await sluice.start(() => ['a'], { as, onDisconnect: 'continue' })
    const events = toObservable(() => sluice.attach({ id }, { as }))
    expect(await Promise.all([firstValueFrom(events), firstValueFrom(events)])).toEqual([
      { type: 'text', text: 'a' },
      { type: 'text', text: 'a' },
    ])
  })

  test('refuses another word for unsubscribing', () => {
    expect(() => toObservable(() => Promise.reject(new Error()), { onUnsubscribe: 'leave' as never })).toThrow(
      '"onUnsubscribe"',
    )
  })
})

describe('a consumer that is slow', () => {
  test('contract 6: from(asyncIterable) pulls all of it, ours what is asked for', async () => {
    const plain = counted()
    // Whoever makes RxJS of an async iterable has this: everything is taken, and waits in concatMap.
    const slow = new Subject<never>()
    const naive = from(plain.source(new AbortController()))
      .pipe(concatMap(() => slow))
      .subscribe()
    await until(() => plain.seen.yielded === ITEMS, 'from() has pulled everything')
    naive.unsubscribe()

    const ours = counted()
    const stream = await createSluice().start(ours.source, { as, onDisconnect: 'cancel' })
    const demand = new ReplaySubject<number>()
    demand.next(1)
    let handled = 0
    const reading = toObservable(stream, { demand })
      .pipe(
        concatMap(async () => {
          handled++
          if (handled === 5) await new Promise(() => {})
          demand.next(1)
        }),
      )
      .subscribe()
    await untilStill(() => ours.seen.yielded)
    expect(ours.seen.yielded).toBeLessThan(100)
    expect(handled).toBe(5)
    reading.unsubscribe()
    await until(() => ours.seen.aborted && ours.seen.returned, 'the source was stopped')
  })
})

describe('unsubscribing', () => {
  test('while a read waits: from(asyncIterable) leaves its source open, ours leaves at once', async () => {
    const seen = { returned: false }
    async function* hanging(): AsyncGenerator<string> {
      try {
        yield 'one'
        await new Promise(() => {})
      } finally {
        seen.returned = true
      }
    }
    const naive = from(hanging()).subscribe()
    await quiet()
    naive.unsubscribe()
    await quiet()
    expect(seen.returned).toBe(false)

    const sluice = createSluice()
    const ours = waiting()
    const stream = await sluice.start(ours.source, { as, onDisconnect: 'cancel' })
    await firstValueFrom(toObservable(stream))
    await until(() => ours.seen.aborted, 'the source was stopped')
    await until(() => sluice.stats().producing === 0 && sluice.stats().pending === 0, 'nothing is left behind')
  })

  test('detaches and no more: another reader goes on', async () => {
    const sluice = createSluice()
    const { source, seen } = waiting()
    const stream = await sluice.start(source, { as, onDisconnect: 'cancel' })
    const other = await sluice.attach({ id: stream.id }, { as })
    other.hold()
    await firstValueFrom(toObservable(stream))
    await quiet()
    expect([seen.aborted, stream.end]).toEqual([false, undefined])
    await sluice.cancel({ id: stream.id }, { as })
  })

  test('cancels the stream for everyone where it is told to', async () => {
    const sluice = createSluice()
    const { source } = waiting()
    const stream = await sluice.start(source, { as, onDisconnect: 'continue' })
    await firstValueFrom(toObservable(stream, { onUnsubscribe: 'cancel' }))
    expect(await stream.ended).toMatchObject({ reason: 'cancelled', cause: 'client' })
  })

  test('before a stream is there leaves it when it comes', async () => {
    const sluice = createSluice()
    const { source } = waiting()
    const made = sluice.start(source, { as, onDisconnect: 'cancel' })
    toObservable(() => made)
      .subscribe()
      .unsubscribe()
    const stream = await made
    await quiet()
    // It was left, and not read: whoever wants it attaches.
    expect(() => stream.deliver({} as never, {} as never)).toThrow('read already')
    await sluice.cancel({ id: stream.id }, { as })
  })

  test('leaves nothing behind, a thousand times', async () => {
    const counts: number[] = []
    const sluice = createSluice({
      limits: { readersPerStream: 1 },
      observers: [{ detached: (_, { readers }) => void counts.push(readers) }],
    })
    const { id } = await sluice.start(waiting().source, { as, onDisconnect: 'continue' })
    for (let time = 0; time < 1000; time++) {
      await firstValueFrom(toObservable(() => sluice.attach({ id }, { as })))
      // A reading is over when the loop that reads has noticed.
      await drainMicrotasks()
    }
    expect([counts.length, Math.max(...counts)]).toEqual([1000, 0])
    expect(sluice.stats().delivering).toBe(0)
    await sluice.cancel({ id }, { as })
  })
})
