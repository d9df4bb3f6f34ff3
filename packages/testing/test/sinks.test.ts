import { createCollectingSink, createFailingSink, createStallingSink, drainMicrotasks } from '@sluice/testing'
import { describe, expect, test } from 'vitest'

/** Whether a promise has settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  void promise.finally(() => (settled = true))
  await drainMicrotasks()
  return settled
}

test('a collecting sink keeps what was written, as it was at the write', () => {
  const sink = createCollectingSink()
  const bytes = new TextEncoder().encode('\ufeff😀')
  expect([sink.write('é'), sink.write(bytes.subarray(0, 5)), sink.write(bytes.subarray(5))]).toEqual([true, true, true])
  bytes.fill(0)
  expect(sink.text()).toBe('é\ufeff😀')
  expect(sink).toMatchObject({ bytesWritten: 9, closed: false })
  expect(sink.writes).toHaveLength(3)
  sink.close()
  sink.close()
  sink.write('late')
  expect(sink).toMatchObject({ bytesWritten: 9, closed: true, destroyed: false, writesAfterClose: 1 })
  sink.assertContract()
})

describe('a stalling sink', () => {
  test('asks to wait once its bytes are used up, and goes on when more is read', async () => {
    const sink = createStallingSink({ acceptBytes: 4 })
    expect([sink.write('ab'), sink.write('cdef')]).toEqual([true, false])
    const drained = sink.drained()
    expect(await isSettled(drained)).toBe(false)
    sink.release(2)
    expect(await isSettled(drained)).toBe(false)
    sink.release(1)
    expect(await isSettled(drained)).toBe(true)
    expect(sink).toMatchObject({ queuedBytes: 0, maxQueuedBytes: 2, waiting: false })
    expect(sink.write('g')).toBe(false)
    sink.release(Infinity)
    expect(sink.write('h'.repeat(1000))).toBe(true)
    sink.assertContract()
  })

  test('counts bytes, not characters', () => {
    expect(createStallingSink({ acceptBytes: 4 }).write('é')).toBe(true)
    expect(createStallingSink({ acceptBytes: 4 }).write('😀')).toBe(false)
  })

  test('notices a writer that does not wait', () => {
    const sink = createStallingSink({ acceptBytes: 1 })
    sink.write('a')
    sink.write('b')
    expect(sink.writesWhileWaiting).toBe(1)
    expect(() => sink.assertContract()).toThrow('1 writes while it had asked to wait')
  })

  test('a drain asked for after it was released settles at once and is no mistake; one without a reason is', async () => {
    const sink = createStallingSink({ acceptBytes: 1 })
    sink.write('a')
    sink.release(5)
    expect(await isSettled(sink.drained())).toBe(true)
    sink.assertContract()
    await sink.drained()
    expect(() => sink.assertContract()).toThrow('no write had asked for')
  })

  test('is finished when it was closed and all of it was read', async () => {
    const sink = createStallingSink({ acceptBytes: 0 })
    sink.write('abc')
    const drained = sink.drained()
    sink.close()
    expect(await isSettled(drained)).toBe(true)
    expect(sink.finished).toBe(false)
    sink.release(3)
    expect(sink.finished).toBe(true)
  })

  test('lets go of its writer when it is destroyed', async () => {
    const sink = createStallingSink({ acceptBytes: 0 })
    sink.write('abc')
    const drained = sink.drained()
    sink.destroy()
    expect(await isSettled(drained)).toBe(true)
    expect(sink).toMatchObject({ destroyed: true, queuedBytes: 0, finished: false })
  })
})

test('a failing sink loses its peer after so many writes, says so once, and never throws', async () => {
  let lost = 0
  const sink = createFailingSink({ afterWrites: 2, onLost: () => lost++ })
  expect([sink.write('a'), sink.write('b'), lost]).toEqual([true, true, 0])
  expect([sink.write('c'), sink.write('d'), lost]).toEqual([false, false, 1])
  expect(await isSettled(sink.drained())).toBe(true)
  expect(sink).toMatchObject({ lost: true, writesAfterClose: 2, closed: false })
  expect(sink.text()).toBe('ab')
  sink.destroy()
  sink.assertContract()
})
