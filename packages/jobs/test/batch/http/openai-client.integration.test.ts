import OpenAI, { toFile } from 'openai'
import { until } from '@sluice/testing/patience'
import { expect, test } from 'vitest'

import { type Batches, type BatchesOptions, createBatches, directoryFiles, type RunLine } from '../../../src/batch.ts'
import { MemoryDocuments } from '../../../src/memory/memory-documents.ts'
import { startBatchServer } from '../rig/batch-server.ts'
import { newDirectories } from '../rig/directories.ts'
import { inputOf, parseLines, requestOf } from '../rig/jsonl.ts'

const newDirectory = newDirectories()
const echo: RunLine = ({ body, customId }) =>
  Promise.resolve({ statusCode: 200, requestId: `req-${customId}`, body: `{"echo":${body}}` })

async function serve(options: Partial<BatchesOptions> = {}) {
  const files = directoryFiles({ directory: newDirectory() })
  const batches: Batches = createBatches({
    documents: new MemoryDocuments({ maxBytes: 2 ** 28 }),
    files,
    run: echo,
    onError: (error) => console.error(error),
    ...options,
  })
  const server = await startBatchServer(batches)
  const clientOf = (apiKey: string): OpenAI => new OpenAI({ baseURL: `${server.url}/v1`, apiKey, maxRetries: 0 })
  return {
    batches,
    client: clientOf('one'),
    clientOf,
    url: server.url,
    async [Symbol.asyncDispose]() {
      await batches.stop()
      await server[Symbol.asyncDispose]()
      await files.close()
    },
  }
}

const upload = (client: OpenAI, text: string): Promise<OpenAI.FileObject> =>
  toFile(Buffer.from(text), 'in.jsonl').then((file) => client.files.create({ file, purpose: 'batch' }))

const endOf = (client: OpenAI, id: string): Promise<OpenAI.Batch> =>
  until(async () => {
    const batch = await client.batches.retrieve(id)
    return ['completed', 'failed', 'expired', 'cancelled'].includes(batch.status) && batch
  }, `batch ${id} is over`)

test('the official client uploads, retrieves, lists, reads and deletes files', async () => {
  await using served = await serve()
  const { client } = served
  const text = inputOf(3)
  const file = await upload(client, text)
  expect(file).toMatchObject({
    object: 'file',
    filename: 'in.jsonl',
    purpose: 'batch',
    bytes: text.length,
    status: 'processed',
  })
  expect(await client.files.retrieve(file.id)).toEqual(file)
  expect(await client.files.waitForProcessing(file.id)).toEqual(file)
  expect(await (await client.files.content(file.id)).text()).toBe(text)
  for (let count = 0; count < 4; count++) await upload(client, text)
  const ids: string[] = []
  for await (const { id } of client.files.list({ limit: 2 })) ids.push(id)
  expect(new Set(ids).size).toBe(5)
  expect(await client.files.delete(file.id)).toEqual({ id: file.id, object: 'file', deleted: true })
  await expect(client.files.retrieve(file.id)).rejects.toMatchObject({ status: 404 })
  await expect(client.files.content(file.id)).rejects.toMatchObject({ status: 404 })
  expect(await served.batches.usage({ owner: 'one' })).toMatchObject({ files: 4, bytes: 4 * text.length })
})

test('the official client makes a batch, waits for it, and reads its results', async () => {
  await using served = await serve({
    run: (line, context) =>
      line.customId === 'r3'
        ? Promise.resolve({ statusCode: 400, requestId: null, body: '{"error":{"message":"too long"}}' })
        : echo(line, context),
  })
  const { client } = served
  const { id: input } = await upload(client, inputOf(25))
  const metadata = { project: 'moon' }
  const batch = await client.batches.create({
    input_file_id: input,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
    metadata,
  })
  expect(batch).toMatchObject({ object: 'batch', status: 'validating', metadata, output_file_id: null, errors: null })
  expect(batch.expires_at! - batch.created_at).toBe(86_400)
  const ended = await endOf(client, batch.id)
  expect(ended).toMatchObject({
    status: 'completed',
    model: 'm',
    request_counts: { total: 25, completed: 24, failed: 1 },
  })
  const output = parseLines(await (await client.files.content(ended.output_file_id!)).text())
  const errors = parseLines(await (await client.files.content(ended.error_file_id!)).text())
  expect(output.map((line) => line.custom_id).toSorted()).toEqual(
    Array.from({ length: 25 }, (_, index) => `r${index}`)
      .filter((name) => name !== 'r3')
      .toSorted(),
  )
  expect(output.find((line) => line.custom_id === 'r7')).toMatchObject({
    response: { status_code: 200, request_id: 'req-r7', body: { echo: { model: 'm', messages: [] } } },
    error: null,
  })
  expect(errors).toMatchObject([
    { custom_id: 'r3', response: { status_code: 400, body: { error: { message: 'too long' } } }, error: null },
  ])
  expect(await client.files.retrieve(ended.output_file_id!)).toMatchObject({ purpose: 'batch_output' })
  const listed: string[] = []
  await client.batches.create({ input_file_id: input, endpoint: '/v1/chat/completions', completion_window: '24h' })
  for await (const { id } of client.batches.list({ limit: 1 })) listed.push(id)
  expect(listed).toHaveLength(2)
  expect(listed[1]).toBe(batch.id)
})

test('a batch that is cancelled keeps what is finished, and says of the rest that it was not asked', async () => {
  const begun = new Set<string>()
  await using served = await serve({
    work: { concurrency: 4 },
    run: async (line, { signal }) => {
      begun.add(line.customId)
      if (Number(line.customId.slice(1)) < 4) return echo(line, { signal })
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('cut'))))
    },
  })
  const { client } = served
  const { id: input } = await upload(client, inputOf(8))
  const { id } = await client.batches.create({
    input_file_id: input,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  })
  await until(() => begun.size === 8, 'the first four are answered and four hang')
  const cancelling = await client.batches.cancel(id)
  expect(cancelling).toMatchObject({ status: 'cancelling', output_file_id: null })
  const ended = await endOf(client, id)
  expect(ended).toMatchObject({ status: 'cancelled', request_counts: { total: 8, completed: 4, failed: 0 } })
  const errors = parseLines(await (await client.files.content(ended.error_file_id!)).text())
  expect(errors).toHaveLength(4)
  for (const line of errors) expect(line).toMatchObject({ response: null, error: { code: 'batch_cancelled' } })
  expect(await client.batches.cancel(id)).toMatchObject({ status: 'cancelled' })
  expect(await served.batches.usage({ owner: 'one' })).toMatchObject({ batches: 0, lines: 0 })
})

test.each([
  ['byte_order_mark', `\uFEFF${inputOf(1)}`, 1],
  ['invalid_json_line', `${inputOf(2)}{"custom_id":\n`, 3],
  ['missing_custom_id', `${inputOf(1)}\n${JSON.stringify({ method: 'POST' })}\n`, 3],
  ['duplicate_custom_id', inputOf(1) + inputOf(1), 2],
  ['mismatched_method', `${JSON.stringify({ ...requestOf('a', {}), method: 'GET' })}\n`, 1],
  ['mismatched_url', `${JSON.stringify(requestOf('a', {}, '/v1/embeddings'))}\n`, 1],
  ['stream_not_allowed', inputOf(1, () => ({ stream: true })), 1],
  ['mismatched_model', inputOf(3, (index) => ({ model: index === 2 ? 'n' : 'm' })), 3],
  ['empty_file', '\n', null],
])('a bad input has a name and a line: %s', async (code, text, line) => {
  await using served = await serve()
  const { client } = served
  const { id: input } = await upload(client, text)
  const { id } = await client.batches.create({
    input_file_id: input,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  })
  const ended = await endOf(client, id)
  expect(ended).toMatchObject({ status: 'failed', output_file_id: null, error_file_id: null })
  expect(ended.errors).toMatchObject({ object: 'list', data: [{ code, line }] })
})

test('nobody sees, reads, deletes or cancels what is somebody else’s', async () => {
  await using served = await serve()
  const { client } = served
  const other = served.clientOf('two')
  const { id: input } = await upload(client, inputOf(1))
  const { id } = await client.batches.create({
    input_file_id: input,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  })
  const refused = [
    other.files.retrieve(input),
    other.files.content(input),
    other.files.delete(input),
    other.batches.retrieve(id),
    other.batches.cancel(id),
  ]
  for (const answer of refused) await expect(answer).rejects.toMatchObject({ status: 404 })
  const making = other.batches.create({
    input_file_id: input,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
  })
  await expect(making).rejects.toMatchObject({ status: 400, code: 'input_file_not_found', param: 'input_file_id' })
  expect((await other.batches.list()).data).toEqual([])
  expect((await other.files.list()).data).toEqual([])
})
