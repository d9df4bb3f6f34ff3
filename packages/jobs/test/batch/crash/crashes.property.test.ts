import fc from 'fast-check'
import { check, createVirtualRuntime, RUNS } from '@sluice/testing'
import { expect, test } from 'vitest'

import { type Batches, createBatches, type RunLine } from '../../../src/batch.ts'
import { MemoryDocuments } from '../../../src/memory/memory-documents.ts'
import { FragileProcess, type Torn } from '../rig/fragile-process.ts'
import { inputOf, parseLines } from '../rig/jsonl.ts'
import { MemoryFiles } from '../rig/memory-files.ts'

const OWNER = { owner: 'one' }
const OF = { dialect: 'openai', owner: OWNER } as const
const OVER = ['completed', 'failed', 'expired', 'cancelled']

interface ResultLine {
  readonly id: string
  readonly custom_id: string
  readonly response: { status_code: number } | null
  readonly error: { code: string } | null
  readonly sluice?: { attempts: number }
}

const scenario = fc.record({
  lines: fc.integer({ min: 1, max: 30 }),
  concurrency: fc.integer({ min: 1, max: 5 }),
  writeMs: fc.integer({ min: 1, max: 200 }),
  answerMs: fc.array(fc.integer({ min: 1, max: 1_500 }), { minLength: 30, maxLength: 30 }),
  bad: fc.array(fc.boolean(), { minLength: 30, maxLength: 30 }),
  /** How one process after another ends. */
  ends: fc.array(
    fc.record({
      afterMs: fc.integer({ min: 0, max: 4_000 }),
      /** How long it stands, or is dead, before the others have gone on. */
      goneMs: fc.oneof(fc.integer({ min: 1_000, max: 15_000 }), fc.integer({ min: 7_500, max: 10_500 })),
      part: fc.constantFrom(0, 0.3, 0.5, 0.9, 1),
      zeros: fc.boolean(),
      how: fc.constantFrom('nothing', 'first', 'half', 'all', 'stands', 'stops', 'power' as const),
    }),
    { maxLength: 4 },
  ),
  cancelAtMs: fc.option(fc.integer({ min: 0, max: 10_000 }), { nil: undefined, freq: 3 }),
  windowMs: fc.constantFrom(86_400_000, 86_400_000, 9_000),
})

test('whenever processes die, stand still or stop, every line is in one of the two files, once, and marked where it was asked again', () =>
  check(
    fc.asyncProperty(scenario, async ({ lines, concurrency, writeMs, answerMs, bad, ends, cancelAtMs, windowMs }) => {
      const runtime = createVirtualRuntime()
      const documents = new MemoryDocuments({ maxBytes: 2 ** 26, runtime })
      const files = new MemoryFiles()
      const asked = new Map<string, number>()
      const errors: unknown[] = []
      const started: { process: FragileProcess; batches: Batches }[] = []
      const start = (): { process: FragileProcess; batches: Batches } => {
        const process = new FragileProcess(
          documents,
          files,
          () => new Promise((resolve) => void runtime.after(writeMs, resolve)),
        )
        const run: RunLine = async ({ customId }, { signal }) => {
          await process.pass()
          asked.set(customId, (asked.get(customId) ?? 0) + 1)
          const index = Number(customId.slice(1))
          await new Promise<void>((resolve, reject) => {
            const stop = runtime.after(answerMs[index]!, resolve)
            signal.addEventListener('abort', () => (stop(), reject(new Error('cut'))))
          })
          await process.pass()
          return { statusCode: bad[index] ? 400 : 200, requestId: null, body: '{}' }
        }
        const one = createBatches({
          documents: process.documents,
          files: process.files,
          run,
          runtime,
          random: () => 0.5,
          work: { concurrency, drainMs: 300 },
          onError: (error) => void errors.push(error),
        })
        started.push({ process, batches: one })
        return { process, batches: one }
      }
      let now = start()
      const { batches } = now
      const text = inputOf(lines)
      const received = await batches.files.receive(JSON.stringify(['', 'one']), bytesOf(text))
      const input = await batches.files.keep(JSON.stringify(['', 'one']), received, { filename: 'a', purpose: 'batch' })
      const { id } = await batches.create({
        ...OF,
        endpoint: '/v1/chat/completions',
        input: { name: input.name, fileId: input.id, bytes: input.bytes },
        completionWindow: '24h',
        windowMs,
        metadata: null,
        keepMs: 86_400_000,
      })
      const watching = createBatches({ documents, files, run: () => Promise.reject(new Error()), runtime, work: false })
      let passedMs = 0
      const pass = async (ms: number): Promise<void> => {
        if (cancelAtMs !== undefined && cancelAtMs >= passedMs && cancelAtMs < passedMs + ms) {
          await runtime.advance(cancelAtMs - passedMs)
          await watching.cancel(OF, id)
          await runtime.advance(ms - (cancelAtMs - passedMs))
        } else await runtime.advance(ms)
        passedMs += ms
      }
      for (const { afterMs, how, goneMs, part, zeros } of ends) {
        await pass(afterMs)
        if (how === 'stands') now.process.standStill()
        else if (how === 'power') {
          for (const { process } of started) process.die('nothing')
          files.cutPower(part, zeros)
        } else if (how === 'stops') void now.batches.stop()
        else now.process.die(how as Torn)
        now = start()
        await pass(goneMs)
        // One that stood still goes on, and does not know that others have what it had.
        for (const { process } of started) process.goOn()
      }
      const isOver = async (): Promise<boolean> => OVER.includes((await watching.find(OF, id))!.state.phase)
      for (let turns = 0; !(await isOver()); turns++) {
        if (turns === 200) expect.unreachable(`It is ${(await watching.find(OF, id))!.state.phase}: ${String(errors)}`)
        await pass(1_000)
      }
      const batch = (await watching.find(OF, id))!
      const { counts, phase } = batch.state
      const read = (part: string): ResultLine[] => parseLines(String(files.files.get(`${id}.${part}`) ?? ''))
      const [output, failed] = [read('output'), read('errors')]
      const names = [...output, ...failed].map((line) => line.custom_id)
      expect(names.toSorted()).toEqual(Array.from({ length: lines }, (_, index) => `r${index}`).toSorted())
      for (const { id: lineId, custom_id: name } of [...output, ...failed]) {
        expect(lineId).toBe(`batch_req_${id.slice('batch_'.length)}_${Number(name.slice(1)) + 1}`)
      }
      for (const { response } of output) expect(response?.status_code).toBe(200)
      for (const { response, error } of failed) {
        if (response) expect(response.status_code).toBe(400)
        else expect(error!.code).toBe(phase === 'expired' ? 'batch_expired' : 'batch_cancelled')
      }
      expect(counts).toMatchObject({ total: lines, succeeded: output.length })
      expect(counts.failed).toBe(failed.filter(({ response }) => response).length)
      expect(batch.outputs?.output !== undefined).toBe(output.length > 0)
      expect(batch.outputs?.errors !== undefined).toBe(failed.length > 0)
      const hadPowerCut = ends.some(({ how }) => how === 'power')
      let marked = 0
      for (const { custom_id: name, response, sluice } of [...output, ...failed]) {
        if (!response) continue
        // What had begun in the last second, a power cut makes forgotten.
        if (!hadPowerCut) expect(sluice?.attempts ?? 1).toBeGreaterThanOrEqual(asked.get(name)!)
        if (sluice) marked++
      }
      // One that stood still may shut out whoever has the batch now, before it learns that it has lost it: once more for each.
      const stood = ends.filter(({ how }) => how === 'stands').length
      // A power cut takes a second's results, of lines that had begun.
      if (!hadPowerCut) expect(marked).toBeLessThanOrEqual(concurrency * (ends.length + stood))
      const bytes = [...output, ...failed].length > 0 ? fileBytes(files, id) : 0
      expect(await watching.usage(OWNER)).toEqual({
        files: 1 + Number(output.length > 0) + Number(failed.length > 0),
        bytes: text.length + bytes,
        lines: 0,
        batches: 0,
      })
      const stopping = Promise.all(started.map(async ({ process, batches: one }) => process.isDead || one.stop()))
      await runtime.advance(20_000)
      await stopping
    }),
    { numRuns: Math.ceil(RUNS / 10) },
  ))

function fileBytes({ files }: MemoryFiles, id: string): number {
  return (files.get(`${id}.output`)?.length ?? 0) + (files.get(`${id}.errors`)?.length ?? 0)
}

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}
