import { startRedisServer } from '@sluice/testing/redis'
import { until } from '@sluice/testing/patience'
import { describe, expect, test } from 'vitest'

import { type Exchange } from '../../../wires/test/rig/fake-backend.ts'
import { runCli, type SpawnedGateway, spawnGateway } from '../rig/spawned-gateway.ts'
import { chunk, DONE, startBehavingBackend } from '../rig/stage.ts'

const LATER = { 'content-type': 'application/json', prefer: 'respond-async' }

interface JobAnswer {
  readonly id: string
  readonly state: string
  readonly attempt: number
  readonly stream: string | null
  readonly error?: { readonly code: string }
}

function chat(model: string): string {
  return JSON.stringify({ model, messages: [{ role: 'user', content: 'hi' }] })
}

async function submit(url: string, model: string, headers: object = {}): Promise<JobAnswer> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { ...LATER, ...headers },
    body: chat(model),
  })
  expect(response.status).toBe(202)
  return (await response.json()) as JobAnswer
}

async function look(url: string, id: string, wait = 0): Promise<JobAnswer> {
  const headers = { accept: 'application/json' }
  return (await (await fetch(`${url}/v1/jobs/${id}?wait=${wait}`, { headers })).json()) as JobAnswer
}

function untilState(url: string, id: string, state: string): Promise<JobAnswer> {
  return until(
    async () => {
      const job = await look(url, id, 5)
      return job.state === state ? job : undefined
    },
    `the job is ${state}`,
    60_000,
  )
}

async function say(exchange: Exchange, ...texts: string[]): Promise<void> {
  exchange.stream()
  await exchange.send(...texts.map((text) => chunk({ content: text })))
}

async function finish(exchange: Exchange): Promise<void> {
  await exchange.send(chunk({}, { finish: 'stop' }), DONE)
  exchange.response.end()
}

/** A worker of its own. */
async function spawnWorker(flags: readonly string[]): Promise<ReturnType<typeof runCli>> {
  const worker = runCli(['worker', ...flags])
  await until(
    () => worker.stdout.includes('worker ready'),
    () => `the worker is ready: ${worker.stderr}`,
    60_000,
  )
  return worker
}

async function end(worker: ReturnType<typeof runCli>): Promise<void> {
  worker.process.kill('SIGKILL')
  await worker.exited
}

describe('jobs of a gateway in memory', () => {
  test('an answer that nobody waits for: 202, asked of the backend as the client would have, read on any wire, in time or later', async () => {
    await using backend = await startBehavingBackend()
    await using gateway = await spawnGateway(['--upstream', backend.baseUrl, '--auth', 'bearer'])
    const headers = { authorization: 'Bearer sk-1' }
    const told = backend.behave(async (exchange) => {
      await say(exchange, 'Hel', 'lo')
      await finish(exchange)
    })
    const { id } = await submit(gateway.url, told.model, headers)
    const asked = await told.first
    expect([asked.headers.authorization, asked.body.model]).toEqual(['Bearer sk-1', told.model])
    const job = await until(async () => {
      const response = await fetch(`${gateway.url}/v1/jobs/${id}?wait=5`, {
        headers: { ...headers, accept: 'application/json' },
      })
      const found = (await response.json()) as JobAnswer
      return found.state === 'succeeded' && found
    })
    const text = await (await fetch(`${gateway.url}/v1/jobs/${id}`, { headers })).text()
    expect(text).toContain(`"id":"chatcmpl-${job.stream}"`)
    expect(text).toMatch(/Hello|Hel[^]*lo/)
    const stranger = await fetch(`${gateway.url}/v1/jobs/${id}`, {
      headers: { authorization: 'Bearer sk-2', accept: 'application/json' },
    })
    expect(stranger.status).toBe(404)
  })

  test('a backend that fails for a while is asked again; a request that it refuses is not', async () => {
    await using backend = await startBehavingBackend()
    await using gateway = await spawnGateway(['--upstream', backend.baseUrl])
    let asked = 0
    const busy = backend.behave(async (exchange) => {
      if (++asked === 1) return void exchange.response.writeHead(503).end('{"error":{"message":"busy"}}')
      await say(exchange, 'now')
      return finish(exchange)
    })
    const wrong = backend.behave(
      (exchange) =>
        void exchange.response
          .writeHead(400, { 'content-type': 'application/json' })
          .end('{"error":{"message":"no such tool"}}'),
    )
    const [first, second] = await Promise.all([submit(gateway.url, busy.model), submit(gateway.url, wrong.model)])
    expect(await untilState(gateway.url, first.id, 'succeeded')).toMatchObject({ attempt: 2 })
    expect(await untilState(gateway.url, second.id, 'failed')).toMatchObject({ attempt: 1 })
    expect(wrong.exchanges).toHaveLength(1)
  })
})

describe('jobs on Redis', () => {
  test('a worker that is killed in the middle is told of within 12 s, and another one begins anew; the first stream ends interrupted', async () => {
    await using redis = await startRedisServer()
    await using backend = await startBehavingBackend()
    const flags = ['--upstream', backend.baseUrl, '--redis', redis.url]
    await using gateway = await spawnGateway([...flags, '--job-concurrency', '0'])
    const first = await spawnWorker(flags)
    let asked = 0
    const told = backend.behave(async (exchange) => {
      await say(exchange, `attempt ${++asked}`)
      if (asked > 1) await finish(exchange)
    })
    const { id } = await submit(gateway.url, told.model)
    await told.first
    const { stream } = await until(async () => {
      const job = await look(gateway.url, id)
      return job.stream !== null && job
    })
    const second = await spawnWorker(flags)
    first.process.kill('SIGKILL')
    const killedMs = performance.now()
    await first.exited
    await until(() => asked === 2, 'another worker has it', 30_000)
    const foundMs = performance.now() - killedMs
    const job = await untilState(gateway.url, id, 'succeeded')
    expect([job.attempt, job.stream === stream]).toEqual([2, false])
    const before = (await (
      await fetch(`${gateway.url}/v1/streams/${stream}`, { headers: { accept: 'application/json' } })
    ).json()) as object
    expect(before).toMatchObject({ status: 'ended', end: { reason: 'interrupted' } })
    // Bounded by the lease and the look; a busy machine may be late, and is told so by no test.
    expect(foundMs).toBeLessThan(30_000)
    await end(second)
  })

  test('a cancel at any gateway reaches the backend through the worker that has the job', async () => {
    await using redis = await startRedisServer()
    await using backend = await startBehavingBackend()
    const flags = ['--upstream', backend.baseUrl, '--redis', redis.url]
    const gateways = [
      await spawnGateway([...flags, '--job-concurrency', '0']),
      await spawnGateway([...flags, '--job-concurrency', '0']),
    ] as [SpawnedGateway, SpawnedGateway]
    const worker = await spawnWorker(flags)
    const told = backend.behave((exchange) => say(exchange, 'begun'))
    const { id } = await submit(gateways[0].url, told.model)
    const asked = await told.first
    await untilState(gateways[0].url, id, 'running')
    const cancelled = await fetch(`${gateways[1].url}/v1/jobs/${id}/cancel`, { method: 'POST' })
    expect(await cancelled.json()).toMatchObject({ state: 'cancelled' })
    await asked.closed
    expect(await look(gateways[0].url, id)).toMatchObject({ state: 'cancelled', attempt: 1 })
    await end(worker)
    for (const gateway of gateways) await gateway[Symbol.asyncDispose]()
  })

  test('a worker needs Redis, and says so', async () => {
    const worker = runCli(['worker'])
    expect(await worker.exited).toMatchObject({ code: 1 })
    expect(worker.stderr).toContain('--redis')
  })
})
