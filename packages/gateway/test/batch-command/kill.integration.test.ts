import { existsSync, readFileSync } from 'node:fs'

import { until } from '@sluice/testing/patience'
import { expect, test } from 'vitest'

import { runCli } from '../rig/spawned-gateway.ts'
import { answerOk, idsTo, newBatch, startBackend } from './batch-rig.ts'

const LINES = 1_000
const KILLS = 10
const CONCURRENCY = 8

test('killed at any instant, again and again: every line is there once, and none that was there is sent again', async () => {
  const backend = await startBackend(
    (asked, response, nth) => void setTimeout(() => answerOk(asked, response, nth), 10),
  )
  const batch = newBatch(LINES)
  const args = ['batch', batch.path('in.jsonl'), batch.path('out.jsonl'), '--upstream', backend.url]
  const flags = ['--concurrency', String(CONCURRENCY)]
  const written = (): string[] => {
    if (!existsSync(batch.path('out.jsonl'))) return []
    const lines = readFileSync(batch.path('out.jsonl'), 'utf8').split('\n').slice(0, -1)
    return lines.map((line) => (JSON.parse(line) as { custom_id: string }).custom_id)
  }
  for (let kill = 1; kill <= KILLS; kill++) {
    const before = new Set(written())
    const from = backend.asked.length
    const run = runCli([...args, ...flags])
    // At some request of this life, and some time within it.
    const at = from + 1 + Math.floor(Math.random() * (LINES / KILLS) * 0.8)
    await until(() => backend.asked.length >= at)
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 20))
    run.process.kill('SIGKILL')
    await run.exited
    const again = backend.asked
      .slice(from)
      .map(({ body }) => `line ${body.n}`)
      .filter((id) => before.has(id))
    expect(again).toEqual([])
  }
  const last = runCli([...args, ...flags])
  expect(await last.exited).toEqual({ code: 0, signal: null })
  expect(batch.ids('out.jsonl').toSorted()).toEqual(idsTo(LINES).toSorted())
  // Each life leaves at most what was under way.
  expect(backend.asked.length).toBeLessThanOrEqual(LINES + KILLS * CONCURRENCY)
})

test('Ctrl-C ends it with 130, and one line', async () => {
  const backend = await startBackend(() => {})
  const batch = newBatch(50)
  const run = runCli(['batch', batch.path('in.jsonl'), batch.path('out.jsonl'), '--upstream', backend.url])
  await until(() => backend.asked.length > 0)
  run.process.kill('SIGINT')
  expect(await run.exited).toEqual({ code: 130, signal: null })
  expect(run.stdout).toMatch(/^Stopped: 0 of 50 lines are done\. .*\n$/)
  expect(run.stderr).toBe('')
})
