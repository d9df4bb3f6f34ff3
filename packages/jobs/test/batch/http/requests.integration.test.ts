import { once } from 'node:events'
import { connect } from 'node:net'

import { until } from '@sluice/testing/patience'
import { expect, test } from 'vitest'

import { type Batches, type BatchesOptions, createBatches } from '../../../src/batch.ts'
import { MemoryDocuments } from '../../../src/memory/memory-documents.ts'
import { startBatchServer } from '../rig/batch-server.ts'
import { inputOf } from '../rig/jsonl.ts'
import { MemoryFiles } from '../rig/memory-files.ts'

const AUTHORIZED = { authorization: 'Bearer one' }

async function serve(options: Partial<BatchesOptions> = {}) {
  const files = new MemoryFiles()
  const batches: Batches = createBatches({
    documents: new MemoryDocuments({ maxBytes: 2 ** 28 }),
    files,
    run: () => Promise.resolve({ statusCode: 200, requestId: null, body: '{}' }),
    limits: { fileBytes: 100_000 },
    ...options,
  })
  const server = await startBatchServer(batches)
  const send = (method: string, path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${server.url}/v1${path}`, { method, ...init, headers: { ...AUTHORIZED, ...(init.headers as object) } })
  return {
    batches,
    files,
    url: server.url,
    send,
    upload: (form: FormData, headers: Record<string, string> = {}) => send('POST', '/files', { body: form, headers }),
    async [Symbol.asyncDispose]() {
      await batches.stop()
      await server[Symbol.asyncDispose]()
    },
  }
}

function formOf(...parts: [string, string | Blob][]): FormData {
  const form = new FormData()
  for (const [name, value] of parts) {
    if (typeof value === 'string') form.append(name, value)
    else form.append(name, value, 'in.jsonl')
  }
  return form
}

const file = (text: string): Blob => new Blob([text])

interface Answer {
  readonly id: string
  readonly status?: string
  readonly error: { readonly message: string; readonly code: string; readonly type: string; readonly param: string }
}

const told = async (response: Response): Promise<Answer> => (await response.json()) as Answer

test('what a file is for may come before it and after it', async () => {
  await using served = await serve()
  for (const form of [
    formOf(['purpose', 'batch'], ['file', file('a')]),
    formOf(['file', file('a')], ['purpose', 'batch']),
    formOf(
      ['expires_after[seconds]', '3600'],
      ['file', file('a')],
      ['expires_after[anchor]', 'created_at'],
      ['purpose', 'batch'],
    ),
  ]) {
    const answer = await served.upload(form)
    expect(answer.status).toBe(200)
    expect(await told(answer)).toMatchObject({ bytes: 1, filename: 'in.jsonl' })
  }
})

test.each([
  ['no purpose', formOf(['file', file('a')]), 400, 'invalid_purpose'],
  ['another purpose', formOf(['file', file('a')], ['purpose', 'fine-tune']), 400, 'invalid_purpose'],
  ['no file', formOf(['purpose', 'batch']), 400, 'invalid_upload'],
  ['two files', formOf(['file', file('a')], ['file', file('b')], ['purpose', 'batch']), 400, 'invalid_upload'],
  ['a file of another name', formOf(['data', file('a')], ['purpose', 'batch']), 400, 'invalid_upload'],
  ['a file that is too long', formOf(['file', file('a'.repeat(100_001))], ['purpose', 'batch']), 413, 'file_too_large'],
  [
    'a file that is much too long',
    formOf(['file', file('a'.repeat(3_000_000))], ['purpose', 'batch']),
    413,
    'file_too_large',
  ],
])('an upload with %s is refused by name, and nothing is left of it', async (_name, form, status, code) => {
  await using served = await serve()
  const answer = await served.upload(form)
  expect(answer.status).toBe(status)
  expect(await told(answer)).toMatchObject({ error: { code, type: 'invalid_request_error' } })
  expect(served.files.files.size).toBe(0)
  expect(await served.batches.usage({ owner: 'one' })).toMatchObject({ files: 0, bytes: 0 })
})

test('a body that is no form is refused, and so is one that is cut within', async () => {
  await using served = await serve()
  for (const headers of [
    { 'content-type': 'application/json' },
    { 'content-type': 'multipart/form-data; boundary=x' },
  ]) {
    const answer = await served.send('POST', '/files', {
      body: '--x\r\nContent-Disposition: form-data; name="file"',
      headers,
    })
    expect([400, 415]).toContain(answer.status)
    expect((await told(answer)).error.type).toBe('invalid_request_error')
  }
  expect(served.files.files.size).toBe(0)
})

test('what a client has sent that leaves in the middle of its file is gone', async () => {
  let received = 0
  const files = new MemoryFiles()
  const create = files.create.bind(files)
  files.create = (name, chunks) => {
    async function* counted(): AsyncGenerator<Uint8Array> {
      for await (const chunk of chunks) {
        received += chunk.length
        yield chunk
      }
    }
    return create(name, counted())
  }
  await using served = await serve({ files })
  const socket = connect(Number(new URL(served.url).port), '127.0.0.1')
  await once(socket, 'connect')
  const head = 'Content-Disposition: form-data; name="file"; filename="a"\r\nContent-Type: application/octet-stream'
  socket.write(
    `POST /v1/files HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer one\r\nContent-Length: 90000\r\nContent-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n${head}\r\n\r\n${'a'.repeat(50_000)}`,
  )
  await until(() => received > 10_000, 'some of it has come')
  socket.destroy()
  const gone = async (): Promise<boolean> =>
    files.files.size === 0 && (await served.batches.files.list('["","one"]', { limit: 1 })).files.length === 0
  await until(gone, 'nothing is left')
  // Eight uploads may be under way: those that broke off do not count.
  for (let count = 0; count < 9; count++) {
    expect((await served.upload(formOf(['file', file('a')], ['purpose', 'batch']))).status).toBe(200)
  }
})

test('a request with an Idempotency-Key is done once, and another one with its key is refused', async () => {
  await using served = await serve()
  const key = { 'idempotency-key': '"k-1"' }
  const form = (): FormData => formOf(['file', file(inputOf(1))], ['purpose', 'batch'])
  const first = await told(await served.upload(form(), key))
  expect(await told(await served.upload(form(), key))).toEqual(first)
  expect((await served.upload(formOf(['file', file('b')], ['purpose', 'batch']), key)).status).toBe(422)
  expect(await served.batches.usage({ owner: 'one' })).toMatchObject({ files: 1 })
  const body = { input_file_id: first.id, endpoint: '/v1/chat/completions', completion_window: '24h' }
  const post = (value: object): Promise<Response> =>
    served.send('POST', '/batches', {
      body: JSON.stringify(value),
      headers: { ...key, 'content-type': 'application/json' },
    })
  const batch = await told(await post(body))
  expect((await told(await post(body))).id).toBe(batch.id)
  expect((await post({ ...body, metadata: { a: 'b' } })).status).toBe(422)
  const messages = { requests: [{ custom_id: 'a', params: { model: 'm' } }] }
  const postMessages = (): Promise<Response> =>
    served.send('POST', '/messages/batches', { body: JSON.stringify(messages), headers: key })
  expect((await told(await postMessages())).id).toBe((await told(await postMessages())).id)
})

test.each([
  [{ endpoint: '/v1/images' }, 'endpoint', 'invalid_endpoint'],
  [{ completion_window: '1d' }, 'completion_window', 'invalid_completion_window'],
  [{ metadata: { a: 1 } }, 'metadata', null],
  [{ metadata: Object.fromEntries(Array.from({ length: 17 }, (_, index) => [index, 'a'])) }, 'metadata', null],
  [{ output_expires_after: { anchor: 'created_at', seconds: 1 } }, 'output_expires_after', null],
  [{ more: 1 }, 'more', null],
  [{ input_file_id: 'file-0' }, 'input_file_id', 'input_file_not_found'],
])('a batch with %j is refused, and its member named', async (wrong, param, code) => {
  await using served = await serve()
  const { id } = await told(await served.upload(formOf(['file', file(inputOf(1))], ['purpose', 'batch'])))
  const body = { input_file_id: id, endpoint: '/v1/chat/completions', completion_window: '24h', ...wrong }
  const headers = { 'content-type': 'application/json' }
  const answer = await served.send('POST', '/batches', { body: JSON.stringify(body), headers })
  expect(answer.status).toBe(400)
  expect(await told(answer)).toMatchObject({ error: { param, code } })
})

test('a page of another origin uploads nothing with its visitor’s cookies alone, and strangers get a 401', async () => {
  await using served = await serve()
  const headers = { 'x-api-key': 'one', origin: 'https://elsewhere.example' }
  const form = formOf(['file', file('a')], ['purpose', 'batch'])
  const forged = await fetch(`${served.url}/v1/files`, { method: 'POST', body: form, headers })
  expect(forged.status).toBe(403)
  const stranger = await fetch(`${served.url}/v1/files`, { method: 'POST', body: formOf(['file', file('a')]) })
  expect(stranger.status).toBe(401)
  expect(served.files.files.size).toBe(0)
})

test('while a batch runs a client is told when to look again, and how far it is', async () => {
  let release = (): void => {}
  const waiting = new Promise<void>((resolve) => (release = resolve))
  await using served = await serve({
    run: async () => {
      await waiting
      return { statusCode: 200, requestId: null, body: '{}' }
    },
  })
  const { id: input } = await told(await served.upload(formOf(['file', file(inputOf(3))], ['purpose', 'batch'])))
  const body = JSON.stringify({ input_file_id: input, endpoint: '/v1/chat/completions', completion_window: '24h' })
  const made = await served.send('POST', '/batches', { body, headers: { 'content-type': 'application/json' } })
  expect(made.headers.get('retry-after')).toBe('1')
  expect(made.headers.get('openai-poll-after-ms')).toBe('1000')
  const { id } = await told(made)
  release()
  const over = await until(async () => {
    const answer = await served.send('GET', `/batches/${id}`)
    return answer.headers.has('retry-after') ? false : answer.json()
  }, 'the batch is over')
  expect(over).toMatchObject({ status: 'completed', sluice: { eta: null }, request_counts: { completed: 3 } })
})

test('where nothing is kept, batches are refused with a sentence that names both ways out', async () => {
  await using server = await startBatchServer(undefined)
  for (const [path, shape] of [
    ['/batches', 'invalid_request_error'],
    ['/files', 'invalid_request_error'],
    ['/messages/batches', 'invalid_request_error'],
  ]) {
    const answer = await fetch(`${server.url}/v1${path}`, { headers: AUTHORIZED })
    expect(answer.status).toBe(400)
    const { error } = await told(answer)
    expect(error.type).toBe(shape)
    expect(error.message).toContain('--data')
    expect(error.message).toContain('--redis')
  }
})
