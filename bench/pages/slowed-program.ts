import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

import { createSluice } from '@sluice/core'
import { createStreamResource } from '@sluice/http'
import { sendPlan, toHttpRequest } from '@sluice/http/node'

import { answerParent } from '../process/child.ts'
import { pageTokenOf } from './page-tokens.ts'

/** Events that the reader was given up to a time, by the machine's clock. */
export interface Given {
  readonly atMs: number
  readonly events: number
}

const STEP_MS = 10
const SAMPLE_MS = 50
/** What a source that was held back says at once when it is let go. */
const MOST_AT_ONCE = 40
const PAGE = '<!doctype html><meta charset="utf-8"><title>slowed</title><div id="answer"></div>'

let tokensPerSecond = 0
let script = ''
let said = 0
let events = 0
let isOver = false
const given: Given[] = []

async function* source({ signal }: { signal: AbortSignal }): AsyncGenerator<string[]> {
  const startMs = performance.now()
  while (!isOver && !signal.aborted) {
    const due = Math.floor(((performance.now() - startMs) * tokensPerSecond) / 1_000) - said
    if (due > 0) yield Array.from({ length: Math.min(MOST_AT_ONCE, due) }, () => pageTokenOf(said++))
    await new Promise((resolve) => setTimeout(resolve, STEP_MS))
  }
}

const sluice = createSluice({ observers: [{ chunk: (_, chunk) => void (events += chunk.events) }] })
const resource = createStreamResource<IncomingMessage>({
  sluice,
  identify: () => ({ owner: 'bench' }),
  runner: () => source,
})
const server = createServer((request, response) => {
  if (request.url?.startsWith('/v1/')) {
    const plan = resource.handle(toHttpRequest(request, response, { mount: '/v1' }))
    return void plan.then((ready) => sendPlan(response, ready))
  }
  const isScript = request.url === '/client.js'
  return void response
    .setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    .end(isScript ? script : PAGE)
})

answerParent({
  async listen(input: { script: string; tokensPerSecond: number }): Promise<{ port: number }> {
    ;({ script, tokensPerSecond } = input)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    setInterval(() => given.push({ atMs: Date.now(), events }), SAMPLE_MS).unref()
    return { port: (server.address() as AddressInfo).port }
  },
  finish(): { said: number } {
    isOver = true
    return { said }
  },
  given: (): Given[] => given,
})
