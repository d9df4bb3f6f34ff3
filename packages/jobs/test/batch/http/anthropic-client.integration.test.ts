import Anthropic from '@anthropic-ai/sdk'
import { until } from '@sluice/testing/patience'
import { expect, test } from 'vitest'

import { type Batches, createBatches, directoryFiles, type RunLine } from '../../../src/batch.ts'
import { MemoryDocuments } from '../../../src/memory/memory-documents.ts'
import { startBatchServer } from '../rig/batch-server.ts'
import { newDirectories } from '../rig/directories.ts'

const newDirectory = newDirectories()

const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'm',
  content: [{ type: 'text', text: 'Hello' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 1, output_tokens: 1 },
}
const good: RunLine = () =>
  Promise.resolve({ statusCode: 200, requestId: 'req_1', body: JSON.stringify(MESSAGE, null, 2) })

async function serve(run: RunLine) {
  const files = directoryFiles({ directory: newDirectory() })
  const batches: Batches = createBatches({
    documents: new MemoryDocuments({ maxBytes: 2 ** 28 }),
    files,
    run,
    limits: { batchLines: 60 },
    work: { drainMs: 100 },
    onError: (error) => console.error(error),
  })
  const server = await startBatchServer(batches)
  const clientOf = (apiKey: string): Anthropic => new Anthropic({ baseURL: server.url, apiKey, maxRetries: 0 })
  return {
    batches,
    client: clientOf('one'),
    clientOf,
    async [Symbol.asyncDispose]() {
      await batches.stop()
      await server[Symbol.asyncDispose]()
      await files.close()
    },
  }
}

const requestsOf = (count: number): Anthropic.Messages.BatchCreateParams.Request[] =>
  Array.from({ length: count }, (_, index) => ({
    custom_id: `r${index}`,
    params: {
      model: index % 2 ? 'm' : 'n',
      max_tokens: 5,
      messages: [{ role: 'user', content: `"${index}", {[\\ ]} ü\u2028` }],
    },
  }))

const ended = (client: Anthropic, id: string): Promise<Anthropic.Messages.MessageBatch> =>
  until(async () => {
    const batch = await client.messages.batches.retrieve(id)
    return batch.processing_status === 'ended' && batch
  }, `batch ${id} has ended`)

test('the official client makes a batch of messages, waits for it, and reads its results', async () => {
  const bodies: string[] = []
  await using served = await serve((line, context) => {
    bodies.push(line.body)
    if (line.customId === 'r1') {
      const error = {
        type: 'error',
        error: { type: 'invalid_request_error', message: 'too long' },
        request_id: 'req_2',
      }
      return Promise.resolve({ statusCode: 400, requestId: 'req_2', body: JSON.stringify(error) })
    }
    return good(line, context)
  })
  const { client, batches } = served
  const requests = requestsOf(30)
  const batch = await client.messages.batches.create({ requests })
  expect(batch).toMatchObject({
    type: 'message_batch',
    processing_status: 'in_progress',
    request_counts: { processing: 30, succeeded: 0 },
    results_url: null,
    ended_at: null,
  })
  expect(Date.parse(batch.expires_at) - Date.parse(batch.created_at)).toBe(86_400_000)
  expect(await ended(client, batch.id)).toMatchObject({
    request_counts: { processing: 0, succeeded: 29, errored: 1, canceled: 0, expired: 0 },
  })
  expect(bodies.map((body) => JSON.parse(body) as object)).toEqual(
    expect.arrayContaining(requests.map(({ params }) => params)),
  )
  const results = new Map<string, Anthropic.Messages.MessageBatchResult>()
  for await (const { custom_id: name, result } of await client.messages.batches.results(batch.id))
    results.set(name, result)
  expect(results.size).toBe(30)
  expect(results.get('r0')).toEqual({ type: 'succeeded', message: MESSAGE })
  expect(results.get('r1')).toMatchObject({ type: 'errored', error: { error: { type: 'invalid_request_error' } } })
  // Neither its input nor its results are seen as files, and its input is gone.
  expect((await batches.files.list('["","one"]', { limit: 10 })).files).toEqual([])
  expect(await batches.usage({ owner: 'one' })).toMatchObject({ files: 2, lines: 0, batches: 0 })
})

test('the official client lists, cancels and deletes batches', async () => {
  await using served = await serve(
    (_line, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('cut')))),
  )
  const { client, batches } = served
  const made: string[] = []
  for (let count = 0; count < 3; count++)
    made.unshift((await client.messages.batches.create({ requests: requestsOf(2) })).id)
  const listed: string[] = []
  for await (const { id } of client.messages.batches.list({ limit: 2 })) listed.push(id)
  expect(listed).toHaveLength(3)
  expect(listed).toEqual(expect.arrayContaining(made))
  const [id = ''] = made
  await expect(client.messages.batches.delete(id)).rejects.toMatchObject({ status: 400 })
  await expect(client.messages.batches.results(id)).rejects.toThrow('results_url')
  expect(await client.messages.batches.cancel(id)).toMatchObject({ processing_status: 'canceling' })
  expect(await ended(client, id)).toMatchObject({ request_counts: { canceled: 2, processing: 0 } })
  const types: string[] = []
  for await (const { result } of await client.messages.batches.results(id)) types.push(result.type)
  expect(types).toEqual(['canceled', 'canceled'])
  expect(await client.messages.batches.cancel(id)).toMatchObject({ processing_status: 'ended' })
  await expect(served.clientOf('two').messages.batches.retrieve(id)).rejects.toMatchObject({ status: 404 })
  expect(await client.messages.batches.delete(id)).toEqual({ id, type: 'message_batch_deleted' })
  await expect(client.messages.batches.retrieve(id)).rejects.toMatchObject({
    status: 404,
    error: { type: 'error', error: { type: 'not_found_error' } },
  })
  expect(await batches.usage({ owner: 'one' })).toMatchObject({ lines: 4, batches: 2 })
})

test.each([
  ['no requests', {}, 400, 'requests: Field required'],
  ['an empty list', { requests: [] }, 400, 'requests: a batch has at least one request'],
  ['an id twice', { requests: [...requestsOf(2), ...requestsOf(1)] }, 400, 'requests.2.custom_id'],
  ['an id that is none', { requests: [{ custom_id: 'a b', params: {} }] }, 400, 'requests.0.custom_id'],
  ['a stream', { requests: [{ custom_id: 'a', params: { stream: true } }] }, 400, 'requests.0.params.stream'],
  ['no params', { requests: [...requestsOf(1), { custom_id: 'a' }] }, 400, 'requests.1.params'],
  ['no object', { requests: [1] }, 400, 'requests.0: must be an object'],
  ['too many', { requests: requestsOf(61) }, 413, 'limits.batchLines'],
])('a batch with %s is refused, and nothing is left of it', async (_name, body, status, words) => {
  await using served = await serve(good)
  const { client, batches } = served
  const answer = client.messages.batches.create(body as never)
  await expect(answer).rejects.toMatchObject({ status })
  await expect(answer).rejects.toThrow(words)
  expect(await batches.usage({ owner: 'one' })).toMatchObject({ files: 0, bytes: 0, batches: 0 })
})
