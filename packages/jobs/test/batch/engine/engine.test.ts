import { expect, test } from 'vitest'

import type { LineAnswer, RunLine } from '../../../src/batch.ts'
import { FragileProcess } from '../rig/fragile-process.ts'
import { inputOf } from '../rig/jsonl.ts'
import { OF, OWNER, virtualBatches } from '../rig/virtual-batches.ts'

const good: LineAnswer = { statusCode: 200, requestId: 'req_1', body: '{}' }

test('a batch whose process has died goes on in another one within 12 s', async () => {
  const { runtime, documents, files, open, begin, find } = virtualBatches()
  const dying = new FragileProcess(documents, files, () => Promise.resolve())
  const hanging: RunLine = () => new Promise(() => {})
  const first = open(hanging, { documents: dying.documents, files: dying.files })
  const id = await begin(first, 3)
  await runtime.advance(5_500)
  const asked: string[] = []
  const second = open(({ customId }) => {
    asked.push(customId)
    return Promise.resolve(good)
  })
  await runtime.advance(1_700)
  expect(asked).toEqual([])
  dying.die('nothing')
  await runtime.advance(12_000)
  expect(asked.toSorted()).toEqual(['r0', 'r1', 'r2'])
  expect((await find(id)).state.phase).toBe('completed')
  await second.stop()
})

test('batches stand back within a second when others wait, and go on by themselves', async () => {
  const { runtime, open, begin, find } = virtualBatches()
  let asked = 0
  let ttftMs: number | undefined = 100
  let queued = 0
  const batches = open(
    async () => {
      asked++
      await new Promise<void>((resolve) => void runtime.after(50, resolve))
      return good
    },
    { work: { concurrency: 4 }, pressure: () => ({ interactiveTtftMs: ttftMs, queued }) },
  )
  const id = await begin(batches, 1_000)
  await runtime.advance(2_000)
  expect(batches.isPaused).toBe(false)
  for (const press of [() => (ttftMs = 2_001), () => (queued = 1)]) {
    press()
    await runtime.advance(1_000)
    expect(batches.isPaused).toBe(true)
    const before = asked
    await runtime.advance(5_000)
    expect(asked).toBe(before)
    ttftMs = undefined
    queued = 0
    await runtime.advance(2_000)
    expect(asked).toBeGreaterThan(before)
  }
  await runtime.advance(60_000)
  expect((await find(id)).state.phase).toBe('completed')
  await batches.stop()
})

test('a backend that is busy is asked until it answers, one that fails a few times, one that refuses once', async () => {
  const { runtime, open, begin, results, errors } = virtualBatches()
  const asked = new Map<string, number>()
  const answers: Record<string, (times: number) => Promise<LineAnswer>> = {
    r0: (times) => Promise.resolve(times < 8 ? { ...good, statusCode: 429, retryAfterMs: 2_000 } : good),
    r1: (times) => Promise.resolve(times < 3 ? { ...good, statusCode: 500 } : good),
    r2: () => Promise.resolve({ ...good, statusCode: 500, body: '{"error":{"message":"broken"}}' }),
    r3: () => Promise.resolve({ ...good, statusCode: 400 }),
    r4: () => Promise.reject(new Error('ECONNREFUSED 10.0.0.7')),
    r5: () => new Promise(() => {}),
    r6: () => Promise.resolve({ ...good, body: 'no JSON\n' }),
  }
  const batches = open(
    ({ customId }) => {
      const times = (asked.get(customId) ?? 0) + 1
      asked.set(customId, times)
      return answers[customId]!(times)
    },
    { work: { lineMs: 10_000, attempts: 3 } },
  )
  const id = await begin(batches, 7)
  await runtime.advance(600_000)
  const { output, errors: failed } = results(id)
  const of = (name: string) => [...output, ...failed].find((line) => line.custom_id === name)
  expect(Object.fromEntries(asked)).toEqual({ r0: 8, r1: 3, r2: 3, r3: 1, r4: 3, r5: 3, r6: 1 })
  expect(output.map((line) => line.custom_id).toSorted()).toEqual(['r0', 'r1', 'r6'])
  expect(of('r0')?.sluice).toEqual({ attempts: 8 })
  expect(of('r2')).toMatchObject({
    response: { status_code: 500, body: { error: { message: 'broken' } } },
    error: null,
  })
  expect(of('r3')).toMatchObject({ response: { status_code: 400 } })
  expect(of('r3')?.sluice).toBeUndefined()
  expect(of('r4')).toMatchObject({ response: null, error: { code: 'backend_unreachable' } })
  expect(JSON.stringify(of('r4'))).not.toContain('10.0.0.7')
  expect(of('r5')).toMatchObject({ response: null, error: { code: 'request_timeout' } })
  expect(of('r6')).toMatchObject({ response: { body: 'no JSON\n' } })
  expect(errors).toEqual([])
  await batches.stop()
})

test('when its time is over a batch keeps what is finished, and says of the rest that it was not asked', async () => {
  const { runtime, open, begin, find, results } = virtualBatches()
  const batches = open(
    async ({ customId }, { signal }) => {
      await new Promise<void>((resolve, reject) => {
        const stop = runtime.after(customId === 'r1' ? 1e9 : 1_000, resolve)
        signal.addEventListener('abort', () => (stop(), reject(new Error('cut'))))
      })
      return good
    },
    { work: { concurrency: 2 } },
  )
  const id = await begin(batches, 100, 10_500)
  await runtime.advance(13_000)
  const { state } = await find(id)
  expect(state).toMatchObject({ phase: 'expired', counts: { total: 100, failed: 0 } })
  const { output, errors } = results(id)
  expect(output.length).toBeGreaterThan(5)
  expect(state.counts).toMatchObject({ succeeded: output.length, expired: errors.length })
  expect(output.length + errors.length).toBe(100)
  expect(errors[0]).toMatchObject({ response: null, error: { code: 'batch_expired' } })
  await batches.stop()
})

test('a batch whose input is deleted keeps what is finished, and names the first line that is missing', async () => {
  const { runtime, files, open, begin, find, results } = virtualBatches()
  const batches = open(
    async () => {
      await new Promise<void>((resolve) => void runtime.after(100, resolve))
      return good
    },
    { work: { concurrency: 1 } },
  )
  const id = await begin(batches, 50)
  await runtime.advance(1_000)
  const { input } = await find(id)
  expect(await batches.files.remove('["","one"]', input.fileId)).toBe(true)
  expect(files.files.has(input.name)).toBe(false)
  await runtime.advance(5_000)
  const { state, outputs } = await find(id)
  const { output } = results(id)
  expect(output.length).toBeGreaterThan(5)
  expect(state).toMatchObject({ phase: 'failed', counts: { succeeded: output.length } })
  expect(state.problems).toMatchObject([{ code: 'input_file_deleted', line: output.length + 1 }])
  expect(outputs?.output).toBeDefined()
  const before = await begin(batches, 5)
  await batches.files.remove('["","one"]', (await find(before)).input.fileId)
  await runtime.advance(3_000)
  expect((await find(before)).state).toMatchObject({
    phase: 'failed',
    problems: [{ code: 'input_file_deleted', line: null }],
  })
  expect(await batches.usage(OWNER)).toMatchObject({ files: 1, lines: 0, batches: 0 })
  await batches.stop()
})

test('what one owner may have is bounded by name, and free again when it is over', async () => {
  const { runtime, open, begin, find } = virtualBatches()
  const limits = { batches: 2, lines: 10, files: 3, bytes: 2_000 }
  const hanging: RunLine = (_line, { signal }) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('cut'))))
  const batches = open(hanging, { limits })
  const first = await begin(batches, 6)
  await runtime.advance(3_000)
  const second = await begin(batches, 5)
  await runtime.advance(3_000)
  expect((await find(second)).state).toMatchObject({
    phase: 'failed',
    problems: [{ code: 'line_limit_exceeded', line: null }],
  })
  await begin(batches, 3)
  await expect(begin(batches, 1)).rejects.toMatchObject({
    status: 429,
    message: expect.stringContaining('limits.files'),
  })
  await batches.files.remove('["","one"]', (await find(second)).input.fileId)
  await expect(begin(batches, 1)).rejects.toMatchObject({
    status: 429,
    message: expect.stringContaining('limits.batches'),
  })
  await batches.cancel(OF, first)
  await runtime.advance(3_000)
  await expect(
    begin(
      batches,
      inputOf(1, () => ({ text: 'a'.repeat(2_000) })),
    ),
  ).rejects.toMatchObject({
    status: 429,
    extra: { error: { code: expect.stringMatching(/^(file|storage)_limit_exceeded$/) as string } },
  })
  expect(await batches.usage(OWNER)).toMatchObject({ batches: 1, lines: 3 })
  const stopping = batches.stop()
  await runtime.advance(20_000)
  await stopping
})

test('files go when their time is over, uploads that were never finished too', async () => {
  const { runtime, files, open } = virtualBatches()
  const batches = open(() => Promise.resolve(good), { work: { leaseMs: 1_000_000, lookEveryMs: 500_000 } })
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('{}')
  }
  const received = await batches.files.receive('s', bytes())
  const file = await batches.files.keep('s', received, { filename: 'a', purpose: 'batch', keepMs: 3_600_000 })
  await batches.files.receive('s', bytes())
  expect(files.files.size).toBe(2)
  await runtime.advance(3_500_000)
  expect(await batches.files.find('s', file.id)).toBeDefined()
  await runtime.advance(200_000)
  expect(await batches.files.find('s', file.id)).toBeUndefined()
  expect(files.files.size).toBe(1)
  await runtime.advance(24 * 3_600_000)
  expect(files.files.size).toBe(0)
  await batches.stop()
})

test('nothing is estimated before 20 lines; then the estimate has the end between its bounds', async () => {
  const { runtime, open, begin, find } = virtualBatches()
  const batches = open(
    async () => {
      await new Promise<void>((resolve) => void runtime.after(1_000, resolve))
      return good
    },
    { work: { concurrency: 4 } },
  )
  const id = await begin(batches, 400)
  await runtime.advance(3_500)
  expect(batches.eta(await find(id))).toBeNull()
  await runtime.advance(40_000)
  const eta = batches.eta(await find(id))!
  expect(eta.expires_first).toBe('unlikely')
  expect(eta.basis.done).toBeGreaterThan(100)
  await runtime.advance(100_000)
  const { phase, endedAtMs } = (await find(id)).state
  expect(phase).toBe('completed')
  expect(endedAtMs! / 1_000).toBeGreaterThanOrEqual(eta.earliest)
  expect(endedAtMs! / 1_000).toBeLessThanOrEqual(eta.latest)
  await batches.stop()
})
