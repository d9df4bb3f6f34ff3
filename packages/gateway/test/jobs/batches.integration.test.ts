import { once } from 'node:events'
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import Anthropic from '@anthropic-ai/sdk'
import { startRedisServer } from '@sluice/testing/redis'
import { until } from '@sluice/testing/patience'
import OpenAI, { toFile } from 'openai'
import { afterAll, describe, expect, test } from 'vitest'

import { parseGatewayOptions } from '../../src/options/options.ts'
import { startGateway } from '../../src/serve/gateway.ts'
import { runCli, spawnGateway } from '../rig/spawned-gateway.ts'
import { startBehavingBackend } from '../rig/stage.ts'

const directory = mkdtempSync(join(tmpdir(), 'sluice-batches-'))
afterAll(() => rmSync(directory, { recursive: true }))

const OVER = ['completed', 'failed', 'expired', 'cancelled']

/** An answer of a backend to what is not streamed. */
function completion(content: string): string {
  return JSON.stringify({
    id: 'c1',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  })
}

function inputOf(model: string, count: number): Buffer {
  const line = (index: number): string =>
    JSON.stringify({
      custom_id: `c${index}`,
      method: 'POST',
      url: '/v1/chat/completions',
      body: { model, messages: [{ role: 'user', content: `say ${index}` }] },
    })
  return Buffer.from(Array.from({ length: count }, (_, index) => line(index)).join('\n'))
}

async function runBatch(
  client: OpenAI,
  input: Buffer,
): Promise<{ batch: OpenAI.Batches.Batch; lines: Record<string, unknown>[] }> {
  const file = await client.files.create({ purpose: 'batch', file: await toFile(input, 'in.jsonl') })
  const created = await client.batches.create({
    input_file_id: file.id,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  })
  const batch = await until(
    async () => {
      const found = await client.batches.retrieve(created.id)
      return OVER.includes(found.status) && found
    },
    'the batch is over',
    60_000,
  )
  const outputs = [batch.output_file_id, batch.error_file_id].filter((id) => id !== null && id !== undefined)
  const texts = await Promise.all(outputs.map(async (id) => (await client.files.content(id)).text()))
  const lines = texts
    .join('')
    .split('\n')
    .filter((line) => line !== '')
  return { batch, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

test('a gateway that is closed has no file of its directory open', async () => {
  await using closing = new AsyncDisposableStack()
  const backend = closing.use(await startBehavingBackend())
  const { model } = backend.behave(({ response }) => {
    response.setHeader('content-type', 'application/json')
    response.end(completion('said'))
  })
  const data = join(directory, 'closed')
  const { url, close } = await startGateway(
    parseGatewayOptions(['--port', '0', '--upstream', backend.baseUrl, '--data', data], {}),
  )
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'sk' })
  expect((await runBatch(client, inputOf(model, 3))).batch.status).toBe('completed')
  expect(openBelow(data)).not.toEqual([])
  await close()
  expect(openBelow(data)).toEqual([])
})

/** What this process has open below a directory. */
function openBelow(folder: string): string[] {
  const handles = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(join('/proc/self/fd', fd))]
    } catch {
      // Closed meanwhile: that with which they are listed.
      return []
    }
  })
  return handles.filter((path) => path.startsWith(folder))
}

describe.each(['a directory', 'Redis'])('batches of a gateway with %s', (where) => {
  test('a file of lines is asked of the backend with its owner’s key, each once, and the failed ones are in a file of their own', async () => {
    await using closing = new AsyncDisposableStack()
    const backend = closing.use(await startBehavingBackend())
    const redis = where === 'Redis' ? closing.use(await startRedisServer()) : undefined
    const store = redis ? ['--redis', redis.url] : ['--data', directory]
    const gateway = closing.use(await spawnGateway(['--upstream', backend.baseUrl, '--auth', 'bearer', ...store]))
    const told = backend.behave(({ body, response }) => {
      const { content } = (body.messages as { content: string }[])[0]!
      response.setHeader('content-type', 'application/json')
      if (content === 'say 3')
        return response.writeHead(400).end('{"error":{"message":"not that","type":"invalid_request_error"}}')
      return response.end(completion(`said ${content}`))
    })
    const client = new OpenAI({ apiKey: 'sk-1', baseURL: `${gateway.url}/v1` })
    const { batch, lines } = await runBatch(client, inputOf(told.model, 12))
    expect(batch).toMatchObject({ status: 'completed', request_counts: { total: 12, completed: 11, failed: 1 } })
    expect(lines.map((line) => line.custom_id).toSorted()).toEqual(
      Array.from({ length: 12 }, (_, index) => `c${index}`).toSorted(),
    )
    const failed = lines.find((line) => line.custom_id === 'c3')
    expect(failed).toMatchObject({
      response: { status_code: 400, body: { error: { message: 'not that' } } },
      error: null,
    })
    expect(told.exchanges).toHaveLength(12)
    expect(new Set(told.exchanges.map(({ headers }) => headers.authorization))).toEqual(new Set(['Bearer sk-1']))
    expect(told.exchanges.some(({ headers }) => 'x-sluice-batch' in headers)).toBe(false)
    const stranger = new OpenAI({ apiKey: 'sk-2', baseURL: `${gateway.url}/v1`, maxRetries: 0 })
    await expect(stranger.batches.retrieve(batch.id)).rejects.toMatchObject({ status: 404 })
    await expect(stranger.files.content(batch.output_file_id!)).rejects.toMatchObject({ status: 404 })
  })
})

test('a batch whose backend is slow does not stand back for its own lines', async () => {
  await using backend = await startBehavingBackend()
  await using gateway = await spawnGateway(['--upstream', backend.baseUrl, '--data', join(directory, 'slow')])
  let isSlow = true
  const told = backend.behave(async ({ response }) => {
    // Longer than people may have to wait for a first word.
    if (isSlow) await new Promise((resolve) => setTimeout(resolve, 2_500))
    isSlow = false
    response.setHeader('content-type', 'application/json').end(completion('Hello'))
  })
  const client = new OpenAI({ apiKey: 'k', baseURL: `${gateway.url}/v1` })
  const running = runBatch(client, inputOf(told.model, 30))
  await until(() => !isSlow, 'the first lines are answered')
  await until(() => told.exchanges.length === 30, 'the others are asked, too', 7_000)
  expect((await running).batch.request_counts).toMatchObject({ completed: 30, failed: 0 })
})

test('Anthropic’s client has its message batches answered by a backend that knows chat completions alone', async () => {
  await using backend = await startBehavingBackend()
  await using gateway = await spawnGateway(['--upstream', backend.baseUrl, '--data', join(directory, 'anthropic')])
  const told = backend.behave(({ path, response }) => {
    if (path !== '/v1/chat/completions') return response.writeHead(404).end('{"error":{"message":"no such route"}}')
    return response.setHeader('content-type', 'application/json').end(completion('Hello'))
  })
  const client = new Anthropic({ apiKey: 'k', baseURL: gateway.url })
  const params = { model: told.model, max_tokens: 4, messages: [{ role: 'user' as const, content: 'hi' }] }
  const { id } = await client.messages.batches.create({
    requests: [
      { custom_id: 'a', params },
      { custom_id: 'b', params },
    ],
  })
  await until(
    async () => (await client.messages.batches.retrieve(id)).processing_status === 'ended',
    'the batch is over',
    60_000,
  )
  const results: unknown[] = []
  for await (const result of await client.messages.batches.results(id)) results.push(result)
  const message = { type: 'message', content: [{ type: 'text', text: 'Hello' }] }
  expect(results).toMatchObject([
    { custom_id: expect.any(String), result: { type: 'succeeded', message } },
    { custom_id: expect.any(String), result: { type: 'succeeded', message } },
  ])
})

test('where gateways leave jobs to workers, the gateways work at batches, and a worker leaves them alone', async () => {
  await using backend = await startBehavingBackend()
  await using redis = await startRedisServer()
  const flags = ['--upstream', backend.baseUrl, '--redis', redis.url]
  await using closing = new AsyncDisposableStack()
  const worker = runCli(['worker', ...flags])
  closing.defer(async () => {
    worker.process.kill('SIGKILL')
    await worker.exited
  })
  await until(() => worker.stdout.includes('worker ready'), 'the worker is ready', 60_000)
  const gateway = closing.use(await spawnGateway([...flags, '--job-concurrency', '0']))
  const told = backend.behave(({ response }) =>
    response.setHeader('content-type', 'application/json').end(completion('Hello')),
  )
  const client = new OpenAI({ apiKey: 'k', baseURL: `${gateway.url}/v1` })
  const { batch } = await runBatch(client, inputOf(told.model, 5))
  expect(batch).toMatchObject({ status: 'completed', request_counts: { total: 5, completed: 5, failed: 0 } })
})

test('without a directory and without Redis batches and uploads are refused, in words that name both; other files are the backend’s', async () => {
  const backend = createServer((_request, response) => response.end('A file of the backend'))
  await once(backend.listen(0, '127.0.0.1'), 'listening')
  const upstream = `http://127.0.0.1:${(backend.address() as AddressInfo).port}/v1`
  await using gateway = await spawnGateway(['--upstream', upstream])
  const client = new OpenAI({ apiKey: 'k', baseURL: `${gateway.url}/v1`, maxRetries: 0 })
  const file = await toFile(inputOf('m', 1), 'in.jsonl')
  for (const ask of [() => client.batches.list(), () => client.files.create({ purpose: 'batch', file })]) {
    const error = (await ask().catch((thrown: unknown) => thrown)) as Error
    expect(error.message).toMatch(/--data[^]*--redis|--redis[^]*--data/)
  }
  expect(await (await client.files.content('file-1')).text()).toBe('A file of the backend')
  backend.closeAllConnections()
  backend.close()
})
