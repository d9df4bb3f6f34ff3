import { createVirtualRuntime } from '@sluice/testing'
import { describe, expect, test } from 'vitest'

test('time stands still until it is moved', async () => {
  const runtime = createVirtualRuntime({ startMs: 5 })
  await runtime.flush()
  expect(runtime.now()).toBe(5)
  await runtime.advance(3_600_000)
  expect(runtime.now()).toBe(3_600_005)
})

test('deferred tasks run before timers, timers in the order they are due, ties in the order they were set', async () => {
  const runtime = createVirtualRuntime()
  const order: string[] = []
  runtime.after(20, () => order.push('20'))
  runtime.after(10, () => order.push(`10 at ${runtime.now()}`))
  runtime.after(10, () => order.push('10 again'))
  runtime.after(0, () => order.push('0'))
  runtime.defer(() => order.push('deferred'))
  await runtime.advance(19)
  expect(order).toEqual(['deferred', '0', '10 at 10', '10 again'])
  expect(runtime.pendingTimers).toBe(1)
  await runtime.advance(1)
  expect(order.at(-1)).toBe('20')
  expect([runtime.pendingTimers, runtime.pendingDeferred]).toEqual([0, 0])
})

test('timers and tasks made by timers run within the same advance, each at its own time', async () => {
  const runtime = createVirtualRuntime()
  const order: string[] = []
  runtime.after(10, () => {
    runtime.defer(() => order.push(`deferred at ${runtime.now()}`))
    runtime.after(5, () => order.push(`timer at ${runtime.now()}`))
  })
  await runtime.advance(100)
  expect(order).toEqual(['deferred at 10', 'timer at 15'])
})

test('promise chains of any length settle between two tasks', async () => {
  const runtime = createVirtualRuntime()
  const order: string[] = []
  async function* nested(depth: number): AsyncGenerator<number> {
    if (depth === 0) yield 1
    else yield* nested(depth - 1)
  }
  const stream = new ReadableStream<number>({
    async pull(controller) {
      for await (const value of nested(100)) controller.enqueue(value)
      controller.close()
    },
  })
  const readAll = async (): Promise<void> => {
    for await (const item of stream) order.push(`item ${item}`)
    order.push('end of the stream')
  }
  runtime.defer(() => void readAll())
  runtime.defer(() => order.push('next task'))
  await runtime.flush()
  expect(order).toEqual(['item 1', 'end of the stream', 'next task'])
})

test('a task deferred by a promise runs in the same flush', async () => {
  const runtime = createVirtualRuntime()
  let ran = false
  void Promise.resolve().then(() => runtime.defer(() => (ran = true)))
  await runtime.flush()
  expect(ran).toBe(true)
})

test('a timer that was called off does not run, and calling it off twice harms no other', async () => {
  const runtime = createVirtualRuntime()
  let ran = 0
  const cancel = runtime.after(10, () => ran++)
  runtime.after(10, () => ran++)
  cancel()
  cancel()
  expect(runtime.pendingTimers).toBe(1)
  await runtime.advance(10)
  cancel()
  expect(ran).toBe(1)
})

test('after a lag timers run late, at the time it has become', async () => {
  const runtime = createVirtualRuntime()
  const ranAt: number[] = []
  runtime.after(10, () => ranAt.push(runtime.now()))
  runtime.after(3000, () => ranAt.push(runtime.now()))
  runtime.lag(2000)
  expect(ranAt).toEqual([])
  await runtime.advance(1000)
  expect(ranAt).toEqual([2000, 3000])
})

test('moves made at once happen one after the other', async () => {
  const runtime = createVirtualRuntime()
  await Promise.all([runtime.advance(10), runtime.flush(), runtime.advance(5)])
  expect(runtime.now()).toBe(15)
})

describe('what a task throws', () => {
  test('is thrown by the move, and the next move goes on', async () => {
    const runtime = createVirtualRuntime()
    let ran = false
    runtime.defer(() => {
      throw new Error('broken')
    })
    runtime.defer(() => (ran = true))
    await expect(runtime.flush()).rejects.toThrow('broken')
    await runtime.flush()
    expect(ran).toBe(true)
  })

  test('a task that repeats itself without letting time pass is reported instead of hanging the test', async () => {
    const runtime = createVirtualRuntime({ maxTasksPerInstant: 100 })
    const again = (): void => runtime.defer(again)
    again()
    await expect(runtime.advance(1)).rejects.toThrow('time would never move on')
  })
})

test('delays: negative runs at once, infinite never, NaN is refused', async () => {
  const runtime = createVirtualRuntime()
  const order: string[] = []
  runtime.after(-5, () => order.push('negative'))
  runtime.after(Infinity, () => order.push('infinite'))
  await runtime.advance(1e12)
  expect(order).toEqual(['negative'])
  expect(runtime.pendingTimers).toBe(1)
  expect(() => runtime.after(NaN, () => {})).toThrow(RangeError)
  expect(() => runtime.advance(-1)).toThrow(RangeError)
  expect(() => runtime.lag(NaN)).toThrow(RangeError)
})
