import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { createSluice } from '@sluice/core'
import { createStreamResource } from '@sluice/http'
import { sendPlan, toHttpRequest } from '@sluice/http/node'
import { createSseHeaders } from '@sluice/sse'

import { answerParent } from '../process/child.ts'
import { Departures } from './departures.ts'
import { pageTokenOf } from './page-tokens.ts'

/** What the page loads, and how fast its stream comes. */
export interface HeldSetting {
  readonly script: string
  readonly tokensPerSecond: number
}

const STEP_MS = 10
/** What a source that was held back says at once when it is let go. */
const MOST_AT_ONCE = 40
const STREAM_ID = 'abcdefghijklmnopqrstuvwxyz'
const PAGE = '<!doctype html><meta charset="utf-8"><title>held</title><div id="answer"></div>'

let setting: HeldSetting
let said = 0
let isOver = false
const departures = new Departures()

/** Tokens by the clock, from when they are asked for on. */
async function* source(): AsyncGenerator<string[]> {
  const startMs = performance.now()
  while (!isOver) {
    const due = Math.floor(((performance.now() - startMs) * setting.tokensPerSecond) / 1_000) - said
    if (due > 0) yield Array.from({ length: Math.min(MOST_AT_ONCE, due) }, () => pageTokenOf(said++))
    await new Promise((resolve) => setTimeout(resolve, STEP_MS))
  }
}

/** A write per token, whoever reads. */
async function naive(response: ServerResponse): Promise<void> {
  response.writeHead(200, createSseHeaders({ streamId: STREAM_ID, contentLocation: `/streams/${STREAM_ID}` }))
  let seq = 0
  for await (const tokens of source()) {
    for (const text of tokens) {
      response.write(`id: ${STREAM_ID}.1.${++seq}\nevent: text\ndata: ${JSON.stringify({ text })}\n\n`)
    }
  }
  response.end()
}

const resource = createStreamResource<IncomingMessage>({
  sluice: createSluice(),
  identify: () => ({ owner: 'bench' }),
  runner: () => source,
})

const server = createServer((request, response) => {
  // An EventSource that is answered so does not ask again.
  if (request.url === '/naive' && isOver) return void response.writeHead(204).end()
  if (request.url === '/naive') return void naive(departures.of(response))
  if (request.url?.startsWith('/v1/streams')) {
    const counted = departures.of(response)
    const plan = resource.handle(toHttpRequest(request, counted, { mount: '/v1' }))
    return void plan.then((ready) => sendPlan(counted, ready))
  }
  const isScript = request.url === '/client.js'
  return void response
    .setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    .end(isScript ? setting.script : PAGE)
})

answerParent({
  async listen(input: HeldSetting): Promise<{ port: number }> {
    setting = input
    await once(server.listen(0, '127.0.0.1'), 'listening')
    return { port: (server.address() as AddressInfo).port }
  },
  left: () => departures.all,
  finish(): { said: number } {
    isOver = true
    return { said }
  },
})
