import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { onTestFinished } from 'vitest'

import { batchCommand } from '../../src/batch-command/batch-command.ts'

/** What a backend is asked by a line. */
export interface Asked {
  readonly url: string
  readonly headers: IncomingMessage['headers']
  /** As it was sent. */
  readonly text: string
  readonly body: { readonly n: number; readonly does?: string }
}

/** A backend that keeps what it was asked. */
export interface FakeBackend {
  readonly url: string
  readonly asked: readonly Asked[]
  /** How many were open at once, at most. */
  readonly most: number
  /** How often a line was sent. */
  countOf(n: number): number
}

/** Answers a request; `nth` is 1 when the line is sent for the first time. */
export type Answering = (asked: Asked, response: ServerResponse, nth: number) => void

export const answerOk: Answering = ({ body }, response) => {
  response.setHeader('content-type', 'application/json')
  response.setHeader('x-request-id', `req_${body.n}`)
  response.end(JSON.stringify({ answers: body.n }, null, 2))
}

export async function startBackend(answer: Answering = answerOk): Promise<FakeBackend> {
  const asked: Asked[] = []
  const counts = new Map<number, number>()
  let open = 0
  let most = 0
  const server = createServer((request, response) => {
    most = Math.max(most, ++open)
    response.on('close', () => open--)
    let text = ''
    request.setEncoding('utf8').on('data', (piece: string) => (text += piece))
    request.on('end', () => {
      const one: Asked = { url: request.url!, headers: request.headers, text, body: JSON.parse(text) }
      asked.push(one)
      const nth = (counts.get(one.body.n) ?? 0) + 1
      counts.set(one.body.n, nth)
      answer(one, response, nth)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    get most() {
      return most
    },
    countOf: (n) => counts.get(n) ?? 0,
  }
}

/** A directory with a batch in it. */
export interface BatchFolder {
  path(name: string): string
  read(name: string): OutputLineText[]
  ids(name: string): string[]
}

export interface OutputLineText {
  readonly id: string
  readonly custom_id: string
  readonly response: { readonly status_code: number; readonly request_id: string | null; readonly body: unknown } | null
  readonly error: unknown
}

/** Lines `line 1` to `line <count>`; `does` tells a backend what to do with each. */
export function newBatch(count: number, does: (n: number) => string | undefined = () => undefined): BatchFolder {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-batch-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const lines = Array.from({ length: count }, (_, index) => {
    const body = { model: 'm', n: index + 1, does: does(index + 1) }
    return `${JSON.stringify({ custom_id: `line ${index + 1}`, method: 'POST', url: '/v1/chat/completions', body })}\n`
  })
  writeFileSync(join(directory, 'in.jsonl'), lines.join(''))
  const path = (name: string): string => join(directory, name)
  const read = (name: string): OutputLineText[] =>
    readFileSync(path(name), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as OutputLineText)
  return { path, read, ids: (name) => read(name).map(({ custom_id: id }) => id) }
}

export const idsTo = (count: number): string[] => Array.from({ length: count }, (_, index) => `line ${index + 1}`)

/** What the command printed, and how it ended. */
export interface Ran {
  readonly status: number
  readonly out: string
  readonly err: string
}

export async function runBatch(
  batch: BatchFolder,
  flags: readonly string[],
  { env = {}, signal = new AbortController().signal }: { env?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Ran> {
  let out = ''
  let err = ''
  const status = await batchCommand([batch.path('in.jsonl'), batch.path('out.jsonl'), ...flags], {
    env,
    out: { write: (text) => (out += text) },
    err: { write: (text) => (err += text) },
    signal,
  })
  return { status, out, err }
}
