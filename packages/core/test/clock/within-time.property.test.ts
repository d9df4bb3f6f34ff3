import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'vitest'
import { check, createVirtualRuntime, drainMicrotasks } from '../../../testing/src/index.ts'
import { Scheduler } from '../../src/clock/scheduler.ts'
import { withinTime } from '../../src/clock/within-time.ts'

type Outcome = 'value' | 'failure' | 'too late'

test('contract 4: work settles as it does, or is too late at its time, and leaves no deadline behind', async () => {
  const works = fc.record({
    ms: fc.integer({ min: 1, max: 50 }),
    takesMs: fc.oneof(fc.integer({ min: 0, max: 100 }), fc.constant(Infinity)),
    fails: fc.boolean(),
    // What looks like a promise and is none, as query builders give it.
    thenable: fc.boolean(),
  })
  const property = fc.asyncProperty(works, async ({ ms, takesMs, fails, thenable }) => {
    const runtime = createVirtualRuntime()
    const scheduler = new Scheduler(runtime)
    const work = new Promise<string>((resolve, reject) => {
      runtime.after(takesMs, () => (fails ? reject(new Error('failed')) : resolve('done')))
    })
    let outcome: Outcome | undefined
    let atMs = Number.NaN
    const settle = (how: Outcome): void => {
      outcome = how
      atMs = runtime.now()
    }
    // oxlint-disable-next-line unicorn/no-thenable -- that is what is tested
    const given: PromiseLike<string> = thenable ? { then: work.then.bind(work) } : work
    withinTime(scheduler, given, { ms, tooLate: () => new Error('too late') }).then(
      () => settle('value'),
      (error: Error) => settle(error.message === 'too late' ? 'too late' : 'failure'),
    )
    const beganMs = runtime.now()
    await runtime.advance(200)
    await drainMicrotasks()
    const inTime = fails ? 'failure' : 'value'
    if (takesMs < ms) assert.deepEqual([outcome, atMs - beganMs], [inTime, takesMs])
    else if (takesMs > ms) assert.deepEqual([outcome, atMs - beganMs], ['too late', ms])
    else assert.ok(outcome === inTime || outcome === 'too late')
    assert.equal(scheduler.pending, 0)
  })
  await check(property)
})
