import { startRedisServer } from '@sluice/testing/redis'
import { until } from '@sluice/testing/patience'
import { expect, test } from 'vitest'

import { runCli, spawnGateway } from '../rig/spawned-gateway.ts'
import { chunk, DONE, startBehavingBackend } from '../rig/stage.ts'

/** `npm run soak -- jobs` kills more of them, over more jobs. */
const KILLS = Number(process.env.SLUICE_KILLS ?? 10)
const JOBS = KILLS * 10
const CONCURRENCY = 4
const WORDS = 20
const WORD_MS = 30

interface Process {
  readonly kind: 'gateway' | 'worker'
  readonly url: string
  kill(): Promise<void>
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Asks one of the gateways that are there; another one when it is gone meanwhile. */
async function ask(
  gateways: () => readonly Process[],
  path: string,
  init: RequestInit = {},
): Promise<Record<string, unknown>> {
  for (;;) {
    const all = gateways()
    const gateway = all[Math.floor(Math.random() * all.length)]
    try {
      if (gateway) {
        const response = await fetch(gateway.url + path, init)
        if (response.status < 500) return { status: response.status, ...((await response.json()) as object) }
      }
    } catch {}
    await sleep(50)
  }
}

test(`${KILLS} gateways and workers are killed under ${JOBS} jobs: each job ends once, with all of its answer, and what ran twice says so`, async () => {
  await using redis = await startRedisServer()
  await using backend = await startBehavingBackend()
  const asked = new Map<string, number>()
  const told = backend.behave(async ({ body, stream, send, response }) => {
    const name = (body.messages as { content: string }[])[0]!.content
    asked.set(name, (asked.get(name) ?? 0) + 1)
    stream()
    for (let word = 0; word < WORDS && !response.destroyed; word++) {
      await send(chunk({ content: `${name}.${word} ` }))
      await sleep(WORD_MS)
    }
    if (response.destroyed) return
    await send(chunk({}, { finish: 'stop' }), DONE)
    response.end()
  })
  const flags = [
    '--upstream',
    backend.baseUrl,
    '--redis',
    redis.url,
    '--jobs-per-owner',
    '100',
    '--job-attempts',
    '100',
  ]
  const processes = new Set<Process>()
  await using closing = new AsyncDisposableStack()
  closing.defer(async () => void (await Promise.all([...processes].map((running) => running.kill()))))
  const start = async (kind: Process['kind']): Promise<void> => {
    const run =
      kind === 'gateway'
        ? await spawnGateway([...flags, '--job-concurrency', '0'])
        : runCli(['worker', ...flags, '--job-concurrency', String(CONCURRENCY)])
    const started: Process = {
      kind,
      url: 'url' in run ? (run.url as string) : '',
      async kill() {
        processes.delete(started)
        run.process.kill('SIGKILL')
        await run.exited
      },
    }
    processes.add(started)
  }
  await Promise.all([start('gateway'), start('gateway'), start('worker'), start('worker')])
  const gateways = (): Process[] => [...processes].filter(({ kind }) => kind === 'gateway')
  const ended = new Map<string, Record<string, unknown>>()
  const last = new Map<string, unknown>()
  const rest = (): string =>
    JSON.stringify(names.filter((name) => !ended.has(name)).map((name) => [name, last.get(name)]))

  const seeThrough = async (name: string): Promise<void> => {
    const submitted = await ask(gateways, '/v1/streams', {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: 'respond-async', 'idempotency-key': name },
      body: JSON.stringify({ model: told.model, messages: [{ role: 'user', content: name }] }),
    })
    if (typeof submitted.id !== 'string') throw new Error(`not taken: ${JSON.stringify(submitted)}`)
    for (;;) {
      const job = await ask(gateways, `/v1/jobs/${submitted.id}?wait=5`, {
        headers: { accept: 'application/json' },
      })
      last.set(name, job)
      if (job.status === 'ended') return void ended.set(name, job)
    }
  }
  const names = Array.from({ length: JOBS }, (_, index) => `job${index}`)
  const seen = Promise.all(names.map((name, index) => sleep(index * 200).then(() => seeThrough(name))))
  seen.catch(() => {})

  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(300 + Math.random() * 400)
    const all = [...processes]
    const victim = all[Math.floor(Math.random() * all.length)]!
    await victim.kill()
    await start(victim.kind)
  }
  await until(
    () => ended.size === JOBS,
    () => `all jobs have ended; these have not: ${rest()}`,
    120_000 + KILLS * 5_000,
  )
  await seen
  let twice = 0
  for (const [name, job] of ended) {
    expect(job).toMatchObject({ state: 'succeeded', end: { reason: 'stop', complete: true } })
    if ((job.attempt as number) > 1) twice++
    // Once a job is over, nothing asks for it again; and nobody asked without an attempt that is counted.
    expect(asked.get(name)).toBeLessThanOrEqual(job.attempt as number)
    const stream = await ask(gateways, `/v1/streams/${String(job.stream)}?include=result`, {
      headers: { accept: 'application/json' },
    })
    expect(stream.text).toBe(Array.from({ length: WORDS }, (_, word) => `${name}.${word} `).join(''))
  }
  expect(twice).toBeLessThanOrEqual(KILLS * CONCURRENCY)
  process.stdout.write(`${KILLS} kills, ${JOBS} jobs, ${twice} ran more than once\n`)
})
