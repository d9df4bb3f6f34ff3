import { adaptive, createSluice, fixed, paced, SluiceError, type StreamEvent } from '@sluice/core'
import { accumulate, chunkBy, measure, type Measurement, retryResume, toObservable, untilCancel } from '@sluice/rxjs'
import { asyncScheduler, concat, lastValueFrom, map, NEVER, of, Subject, throwError, toArray } from 'rxjs'
import { TestScheduler } from 'rxjs/testing'
import { describe, expect, test } from 'vitest'

const as = { owner: 'ada' }
const text = (word: string): StreamEvent => ({ type: 'text', text: word })
const WORDS = {
  a: text('a'),
  b: text('b'),
  c: text('c'),
  d: text('d'),
  e: { type: 'end', reason: 'stop', complete: true } as StreamEvent,
}
const marbles = (
  work: (helpers: Parameters<Parameters<TestScheduler['run']>[0]>[0], scheduler: TestScheduler) => void,
): void => {
  const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected))
  scheduler.run((helpers) => work(helpers, scheduler))
}
const joined = map((events: readonly StreamEvent[]) =>
  events.map((event) => (event.type === 'text' ? event.text : '.')).join(''),
)

describe('chunkBy', () => {
  test('gives so many at once, what has waited its time, and the rest at the end', () => {
    marbles(({ hot, expectObservable }, scheduler) => {
      const events = hot('       ab-c-----d-(e|)', WORDS)
      expectObservable(events.pipe(chunkBy(fixed({ tokens: 2, maxDelayMs: 4 }), scheduler), joined)).toBe(
        '                        -x-----y---(z|)',
        { x: 'ab', y: 'c', z: 'd.' },
      )
    })
  })

  test('gives the first at once by the policy of the server', () => {
    marbles(({ hot, expectObservable }, scheduler) => {
      expectObservable(hot('a---|', WORDS).pipe(chunkBy(adaptive(), scheduler), joined)).toBe('a---|')
    })
  })

  test('gives what waits before an error', () => {
    marbles(({ hot, expectObservable }, scheduler) => {
      expectObservable(hot('a--#', WORDS).pipe(chunkBy(fixed({ maxDelayMs: 50 }), scheduler), joined)).toBe('---(a#)')
    })
  })

  test('leaves no timer, and ends with what a policy throws', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }, scheduler) => {
      const events = hot('a-b', WORDS)
      expectObservable(events.pipe(chunkBy(fixed({ maxDelayMs: 50 }), scheduler), joined), '---!').toBe('----')
      const wrong = { name: 'wrong', maxDelayMs: 5, take: () => NaN }
      expectObservable(events.pipe(chunkBy(wrong, scheduler))).toBe(
        '#',
        {},
        new TypeError('The chunking policy "wrong" answered NaN for take.'),
      )
      expectSubscriptions(events.subscriptions).toBe(['^--!', '(^!)'])
    })
  })

  test('refuses a policy that has a pace', () => {
    expect(() => chunkBy(paced({ tokensPerSecond: 5 }))).toThrow('without a pace')
  })
})

test('accumulate tells what one choice has said so far', async () => {
  const events: StreamEvent[] = [
    text('He'),
    { type: 'text', text: 'Other', choice: 1 },
    text('y'),
    { type: 'reasoning', text: 'Hm' },
    { type: 'tool', phase: 'call', id: '1', name: 'look' },
    { type: 'tool', phase: 'args', id: '1', text: '{"a":' },
    { type: 'tool', phase: 'args', id: '1', text: '1}' },
    { type: 'usage', usage: { outputTokens: 7 } },
    WORDS.e,
  ]
  const answers = await lastValueFrom(of(...events).pipe(accumulate(), toArray()))
  expect(answers.map((answer) => answer.text)).toEqual(['He', 'He', ...events.slice(2).map(() => 'Hey')])
  expect(answers.at(-1)).toEqual({
    text: 'Hey',
    reasoning: 'Hm',
    refusal: '',
    toolCalls: [{ id: '1', name: 'look', args: '{"a":1}' }],
    usage: { outputTokens: 7 },
    end: WORDS.e,
  })
  expect((await lastValueFrom(of(...events).pipe(accumulate(1)))).text).toBe('Other')
})

test('measure reports the first event, the gaps and the rate, and lets everything pass', () => {
  marbles(({ hot, expectObservable, flush }, scheduler) => {
    const reports: Measurement[] = []
    const events = hot('--a-b-----(ce|)', WORDS)
    expectObservable(events.pipe(measure((report) => reports.push(report), scheduler))).toBe('--a-b-----(ce|)', WORDS)
    flush()
    expect(reports).toEqual([
      { firstMs: 2, gapMs: undefined, longestGapMs: 0, events: 1, eventsPerSecond: undefined },
      { firstMs: 2, gapMs: 2, longestGapMs: 2, events: 2, eventsPerSecond: 500 },
      { firstMs: 2, gapMs: 6, longestGapMs: 6, events: 3, eventsPerSecond: 250 },
    ])
  })
})

describe('untilCancel', () => {
  test('cancels once, gives the end, and completes', async () => {
    const stop = new Subject<void>()
    const stream = await createSluice().start(
      async function* ({ signal }) {
        yield 'one'
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      },
      { as },
    )
    let cancels = 0
    const cancel = (): Promise<unknown> => {
      cancels++
      return stream.cancel()
    }
    const events: StreamEvent[] = []
    await new Promise<void>((complete, error) => {
      toObservable(stream)
        .pipe(untilCancel(stop, cancel))
        .subscribe({
          complete,
          error,
          next(event) {
            events.push(event)
            stop.next()
          },
        })
    })
    expect(events).toMatchObject([{ type: 'text' }, { type: 'end', reason: 'cancelled' }])
    expect([cancels, stop.observed]).toEqual([1, false])
  })

  test('hands on a cancel of somebody else, and a cancel that fails', () => {
    marbles(({ cold, expectObservable }) => {
      const cancelled = new SluiceError('SLUICE_ERR_CANCELLED', 'The stream was cancelled.')
      expectObservable(cold('a-#', WORDS, cancelled).pipe(untilCancel(NEVER, () => Promise.resolve()))).toBe(
        'a-#',
        WORDS,
        cancelled,
      )
    })
  })

  test('a cancel that fails is an error', async () => {
    const failing = concat(NEVER).pipe(untilCancel(of(1), () => Promise.reject(new Error('no store'))))
    await expect(lastValueFrom(failing)).rejects.toThrow('no store')
  })
})

describe('retryResume', () => {
  const lost = new SluiceError('SLUICE_ERR_READING_CLOSED', 'lost')

  test('goes on after the last event, and repeats none', async () => {
    const sluice = createSluice()
    const stream = await sluice.start(() => ['a', { type: 'data', name: 'x', data: 1 } as const, 'b'], { as })
    const { id } = stream
    await stream.ended
    const place = (await sluice.info({ id }, { as })).cursor.replace(/\d+$/, '2')
    const broken = concat(
      of(text('a')),
      throwError(() => lost),
    )
    const cursors: string[] = []
    const attach = (cursor: string) => {
      cursors.push(cursor)
      if (cursors.length === 1) return Promise.reject(lost)
      return sluice.attach({ cursor }, { as })
    }
    const events = await lastValueFrom(
      broken.pipe(retryResume({ position: place }, attach, { delayMs: () => 0 }), toArray()),
    )
    expect(events.map((event) => event.type)).toEqual(['text', 'text', 'end'])
    expect(cursors).toEqual([place, place])
  })

  test('gives up after so many attempts in a row, with longer and longer waits', async () => {
    const waits: unknown[] = []
    const schedule = ((work, delay, state) => {
      waits.push(delay)
      return asyncScheduler.schedule(work, 0, state)
    }) as typeof asyncScheduler.schedule
    const scheduler = Object.assign(Object.create(asyncScheduler) as typeof asyncScheduler, { schedule })
    let calls = 0
    const attach = (): Promise<never> => {
      calls++
      return Promise.reject(lost)
    }
    const failing = throwError(() => lost).pipe(retryResume({ position: 'x' }, attach, { attempts: 8, scheduler }))
    await expect(lastValueFrom(failing)).rejects.toBe(lost)
    expect([calls, waits]).toEqual([8, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]])
  })

  test('asks for nothing after an end', () => {
    marbles(({ expectObservable, flush }, scheduler) => {
      let calls = 0
      const attach = (): never => {
        calls++
        throw lost
      }
      const given = concat(
        of(WORDS.e),
        throwError(() => lost),
      )
      expectObservable(given.pipe(retryResume({ position: 'x' }, attach, { scheduler }))).toBe('(e#)', WORDS, lost)
      flush()
      expect(calls).toBe(0)
    })
  })

  test('hands the error on when nothing comes of it', async () => {
    const waits: number[] = []
    const delayMs = (attempt: number): number => {
      waits.push(attempt)
      return 0
    }
    const failing = throwError(() => lost).pipe(
      retryResume({ position: 'x' }, () => Promise.reject(lost), { attempts: 3, delayMs }),
    )
    await expect(lastValueFrom(failing)).rejects.toBe(lost)
    expect(waits).toEqual([1, 2, 3])
  })
})
