import { AdaptiveConcurrency, type LineResult } from '@sluice/jobs/batch'
import { createVirtualRuntime, type VirtualRuntime } from '@sluice/testing'
import { expect, test } from 'vitest'

import { LineRunner, type PendingLine } from '../../src/batch-command/line-runner.ts'
import type { Sent } from '../../src/batch-command/send-line.ts'

const answer = (status: number, retryAfterMs = 0): Sent => ({
  is: 'answer',
  status,
  requestId: null,
  body: '{}',
  retryAfterMs,
})

interface Rig {
  readonly runtime: VirtualRuntime
  readonly running: Promise<void>
  readonly sentAtMs: Map<number, number[]>
  readonly written: Map<number, LineResult>
  readonly most: { open: number; read: number }
  readonly stop: AbortController
}

function start(
  lines: number,
  {
    max,
    attempts = 8,
    reply,
  }: { max: number; attempts?: number; reply: (n: number, nth: number) => [afterMs: number, Sent] },
): Rig {
  const runtime = createVirtualRuntime()
  const stop = new AbortController()
  const sentAtMs = new Map<number, number[]>()
  const written = new Map<number, LineResult>()
  const most = { open: 0, read: 0 }
  let open = 0
  let read = 0
  async function* source(): AsyncGenerator<PendingLine> {
    for (let number = 1; number <= lines; number++) {
      most.read = Math.max(most.read, ++read - written.size)
      yield { number, customId: String(number), body: '{}' }
    }
  }
  const runner = new LineRunner({
    runtime,
    concurrency: new AdaptiveConcurrency({ max }),
    attempts,
    signal: stop.signal,
    random: () => 1,
    send({ number }) {
      const times = [...(sentAtMs.get(number) ?? []), runtime.now()]
      sentAtMs.set(number, times)
      most.open = Math.max(most.open, ++open)
      const [afterMs, sent] = reply(number, times.length)
      return new Promise((resolve) => {
        runtime.after(afterMs, () => {
          open--
          resolve(sent)
        })
      })
    },
    write: async ({ number }, result) => void written.set(number, result),
  })
  return { runtime, running: runner.run(source(), 2 * max), sentAtMs, written, most, stop }
}

test('no more lines are held than twice the bound, and no more are sent than the bound, however many fail', async () => {
  const rig = start(500, { max: 6, reply: (n, nth) => [50, n % 3 === 0 && nth < 4 ? answer(500) : answer(200)] })
  await rig.runtime.advance(10_000_000)
  await rig.running
  expect(rig.written.size).toBe(500)
  expect(rig.most.open).toBeLessThanOrEqual(6)
  // One more is read before it is known that there is room for none.
  expect(rig.most.read).toBeLessThanOrEqual(13)
})

test('a line waits longer each time, and never less than it is asked to; then it has failed', async () => {
  const rig = start(2, { max: 2, attempts: 4, reply: (n) => [10, n === 1 ? answer(500) : answer(429, 5_000)] })
  await rig.runtime.advance(200_000)
  await rig.running
  const [first, second] = [rig.sentAtMs.get(1)!, rig.sentAtMs.get(2)!]
  expect(first).toHaveLength(4)
  for (const [index, atMs] of first.slice(1).entries())
    expect(atMs - first[index]!).toBeGreaterThanOrEqual(1_000 * 2 ** index)
  for (const [index, atMs] of second.slice(1).entries()) expect(atMs - second[index]!).toBeGreaterThanOrEqual(5_000)
  expect(rig.written.get(1)).toMatchObject({ statusCode: 500 })
  expect(rig.written.get(2)).toMatchObject({ statusCode: 429 })
})

test('a backend that cannot be reached ends the run, and what others were answered is written before', async () => {
  const none: Sent = { is: 'none', code: 'refused', message: 'connect ECONNREFUSED', isOutage: true }
  const rig = start(3, { max: 3, attempts: 1, reply: (n) => (n === 1 ? [10, none] : [5_000, answer(200)]) })
  const ended = rig.running.catch((error: unknown) => error)
  await rig.runtime.advance(60_000)
  expect(String(await ended)).toContain('cannot be reached')
  expect([...rig.written.keys()]).toEqual([2, 3])
})

test('a line that fails for good is sent once, and costs the others nothing', async () => {
  const rig = start(40, { max: 4, reply: () => [10, answer(400)] })
  await rig.runtime.advance(60_000)
  await rig.running
  expect(rig.written.size).toBe(40)
  for (const times of rig.sentAtMs.values()) expect(times).toHaveLength(1)
})
