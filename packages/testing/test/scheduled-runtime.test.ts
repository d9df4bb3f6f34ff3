import { check, createScheduledRuntime, type ScheduledRuntimeOptions } from '@sluice/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'

/** Every order in which the tasks of `play` were run, over many schedules. */
async function ordersOf(
  play: (runtime: ReturnType<typeof createScheduledRuntime>, log: (entry: string) => void) => void,
  options?: ScheduledRuntimeOptions,
): Promise<string[]> {
  const orders = new Set<string>()
  const property = fc.asyncProperty(fc.scheduler(), async (scheduler) => {
    const runtime = createScheduledRuntime(scheduler, options)
    const order: string[] = []
    play(runtime, (entry) => order.push(entry))
    await runtime.flush()
    expect(runtime.pendingDeferred).toBe(0)
    orders.add(order.join(' '))
  })
  await check(property, { numRuns: 200 })
  return [...orders].sort()
}

test('deferred tasks keep their order and come before timers that are not yet due', async () => {
  const orders = await ordersOf((runtime, log) => {
    runtime.after(10, () => log(`timer@${runtime.now()}`))
    runtime.defer(() => log('a'))
    runtime.defer(() => log('b'))
  })
  expect(orders).toEqual(['a b timer@10'])
})

test('timers of different times keep their order, those of the same instant do not', async () => {
  const orders = await ordersOf((runtime, log) => {
    for (const [name, delayMs] of [
      ['z', 30],
      ['x', 20],
      ['y', 20],
    ] as const)
      runtime.after(delayMs, () => log(name))
  })
  expect(orders).toEqual(['x y z', 'y x z'])
})

test('a lagging loop lets timers overtake each other within the lag', async () => {
  const play: Parameters<typeof ordersOf>[0] = (runtime, log) => {
    runtime.after(10, () => log('10'))
    runtime.after(15, () => log('15'))
    runtime.after(40, () => log('40'))
  }
  expect(await ordersOf(play, { maxLagMs: 5 })).toEqual(['10 15 40', '15 10 40'])
})

test('a due timer and a deferred task run in either order', async () => {
  const orders = await ordersOf((runtime, log) => {
    runtime.after(10, () => runtime.defer(() => log('deferred')))
    runtime.after(10, () => log('timer'))
  })
  expect(orders).toEqual(['deferred timer', 'timer deferred'])
})

test('its tasks interleave with promises that a test gives to the same scheduler', async () => {
  const orders = new Set<string>()
  const property = fc.asyncProperty(fc.scheduler(), async (scheduler) => {
    const runtime = createScheduledRuntime(scheduler)
    const order: string[] = []
    void scheduler.schedule(Promise.resolve(), 'cancel').then(() => order.push('cancel'))
    runtime.defer(() => order.push('turn'))
    await runtime.flush()
    orders.add(order.join(' '))
  })
  await check(property, { numRuns: 100 })
  expect([...orders].sort()).toEqual(['cancel turn', 'turn cancel'])
})

test('a timer that repeats itself stops at the end of time and stays pending', async () => {
  const property = fc.asyncProperty(fc.scheduler(), async (scheduler) => {
    const runtime = createScheduledRuntime(scheduler, { untilMs: 1000 })
    const beat = (): void => void runtime.after(300, beat)
    beat()
    await runtime.flush()
    expect([runtime.now(), runtime.pendingTimers]).toEqual([900, 1])
  })
  await check(property, { numRuns: 10 })
})

test('a timer that was called off does not run', async () => {
  const orders = await ordersOf((runtime, log) => {
    const cancel = runtime.after(10, () => log('called off'))
    runtime.after(20, () => log('kept'))
    runtime.defer(cancel)
  })
  expect(orders).toEqual(['kept'])
})

test('what a task throws is thrown by flush, after everything else has run', async () => {
  const property = fc.asyncProperty(fc.scheduler(), async (scheduler) => {
    const runtime = createScheduledRuntime(scheduler)
    let ran = false
    runtime.defer(() => {
      throw new Error('broken')
    })
    runtime.defer(() => (ran = true))
    await expect(runtime.flush()).rejects.toThrow('broken')
    expect(ran).toBe(true)
  })
  await check(property, { numRuns: 10 })
})
