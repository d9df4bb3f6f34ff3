import { startRedisServer } from '@sluice/testing/redis'
import { until } from '@sluice/testing/patience'
import { expect, test } from 'vitest'

import { runCli, spawnGateway } from '../rig/spawned-gateway.ts'
import { chunk, DONE, startBehavingBackend } from '../rig/stage.ts'

const DOWN_MS = 60_000
const JOBS = 12

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

test('F3: Redis does not answer for 60 s while jobs run and wait: each of them ends once, with all of its answer', async () => {
  await using redis = await startRedisServer()
  await using backend = await startBehavingBackend()
  const flags = ['--upstream', backend.baseUrl, '--redis', redis.url]
  await using gateway = await spawnGateway([...flags, '--job-concurrency', '0'])
  const worker = runCli(['worker', ...flags, '--job-concurrency', '4'])
  await using closing = new AsyncDisposableStack()
  closing.defer(async () => {
    worker.process.kill('SIGKILL')
    await worker.exited
  })
  await until(() => worker.stdout.includes('worker ready'), 'the worker is ready', 60_000)
  const asked = new Map<string, number>()
  const told = backend.behave(async ({ body, stream, send, response }) => {
    const name = (body.messages as { content: string }[])[0]!.content
    asked.set(name, (asked.get(name) ?? 0) + 1)
    stream()
    for (let word = 0; word < 30 && !response.destroyed; word++) {
      await send(chunk({ content: `${name}.${word} ` }))
      await sleep(50)
    }
    if (response.destroyed) return
    await send(chunk({}, { finish: 'stop' }), DONE)
    response.end()
  })
  const ids = await Promise.all(
    Array.from({ length: JOBS }, async (_, index) => {
      const response = await fetch(`${gateway.url}/v1/streams`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', prefer: 'respond-async' },
        body: JSON.stringify({ model: told.model, messages: [{ role: 'user', content: `job${index}` }] }),
      })
      return ((await response.json()) as { id: string }).id
    }),
  )
  await until(() => asked.size >= 4, 'jobs run', 60_000)
  await redis.pause()
  await sleep(DOWN_MS)
  redis.resume()
  for (const [index, id] of ids.entries()) {
    const job = await until(
      async () => {
        const response = await fetch(`${gateway.url}/v1/jobs/${id}?wait=5`, { headers: { accept: 'application/json' } })
        const found = (await response.json()) as { status: unknown; stream: string; attempt: number; state: string }
        return found.status === 'ended' && found
      },
      'the job is over',
      120_000,
    )
    expect(job.state).toBe('succeeded')
    expect(asked.get(`job${index}`)).toBeLessThanOrEqual(job.attempt)
    const stream = await fetch(`${gateway.url}/v1/streams/${job.stream}?include=result`, {
      headers: { accept: 'application/json' },
    })
    expect(((await stream.json()) as { text: string }).text).toBe(
      Array.from({ length: 30 }, (_, word) => `job${index}.${word} `).join(''),
    )
  }
})
