import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { createSseHeaders } from '@sluice/sse'

import { answerParent } from '../process/child.ts'
import { pageTokenOf } from './page-tokens.ts'

/** What the page is served, and how its stream comes. */
export interface PageSetting {
  /** The client, bundled. */
  readonly script: string
  readonly tokens: number
  /** On average; without it as fast as the event loop turns. */
  readonly tokensPerSecond?: number | undefined
  /** Tokens that come together. */
  readonly burst: number
}

const STREAM_ID = 'abcdefghijklmnopqrstuvwxyz'
/** As chats show their answers: lines are kept. */
const PAGE = `<!doctype html><meta charset="utf-8"><title>paint</title><div id="answer" style="white-space: pre-wrap"></div>`

let setting: PageSetting

/** The events of sluice's native wire, one for each token, whoever reads: they are not what is measured. */
async function stream(response: ServerResponse): Promise<void> {
  const { tokens, tokensPerSecond, burst } = setting
  response.writeHead(200, createSseHeaders({ streamId: STREAM_ID, contentLocation: `/streams/${STREAM_ID}` }))
  response.write(`event: opened\ndata: {"id":"${STREAM_ID}","cursor":"${STREAM_ID}.1.0","meta":{}}\n\n`)
  const startMs = performance.now()
  for (let index = 0; index < tokens; index++) {
    if (index % burst === 0) {
      const waitMs = tokensPerSecond ? startMs + (index / tokensPerSecond) * 1_000 - performance.now() : 0
      await new Promise<void>((resolve) => (waitMs > 0 ? setTimeout(resolve, waitMs) : setImmediate(resolve)))
    }
    const data = JSON.stringify({ text: pageTokenOf(index) })
    response.write(`id: ${STREAM_ID}.1.${index + 1}\nevent: text\ndata: ${data}\n\n`)
  }
  response.end(`id: ${STREAM_ID}.1.${tokens + 1}\nevent: end\ndata: {"reason":"stop","complete":true}\n\n`)
}

const server = createServer((request, response) => {
  if (request.url?.startsWith('/stream')) return void stream(response)
  const isScript = request.url === '/client.js'
  response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html').end(isScript ? setting.script : PAGE)
})

answerParent({
  async listen(input: PageSetting): Promise<{ port: number }> {
    setting = input
    await once(server.listen(0, '127.0.0.1'), 'listening')
    return { port: (server.address() as AddressInfo).port }
  },
})
