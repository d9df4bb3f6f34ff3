// A model in this process, llama.cpp through node-llama-cpp, behind sluice. A cancel, or a reader who has gone, stops the decoding;
// a reader who does not read makes it wait. Without a model of yours it runs a tiny one that says words at random.
//
//   MODEL=some.gguf npm start
//   curl -N localhost:3000/v1/streams -H 'content-type: application/json' -d '{"prompt": "the river"}'
import { createServer, type IncomingMessage } from 'node:http'
import { mkdtempSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'

import { createSluice } from '@sluice/core'
import { createStreamResource } from '@sluice/http'
import { sendPlan, toHttpRequest } from '@sluice/http/node'

import { openEngine } from './engine.ts'
import { writeTinyModel } from './model/tiny-model.ts'

const threads = Number(process.env.THREADS ?? Math.max(1, availableParallelism() - 1))
const engine = await openEngine(process.env.MODEL ?? tinyModel(), { slots: 2, threads })

const resource = createStreamResource<IncomingMessage>({
  // As far as the model runs ahead of its readers.
  sluice: createSluice({ stream: { windowBytes: 4096 } }),
  identify: () => ({ owner: 'everyone' }),
  runner:
    ({ prompt, maxTokens }) =>
    ({ signal }) =>
      engine.generate({ prompt: prompt as string, maxTokens: (maxTokens as number | undefined) ?? 512, signal }),
})

const server = createServer((request, response) => {
  // Requests on which tokens are decoded; what is not free is busy.
  if (request.url === '/slots') return void response.end(JSON.stringify({ free: engine.freeSlots }))
  const plan = resource.handle(toHttpRequest(request, response, { mount: '/v1' }))
  return void plan.then((ready) => sendPlan(response, ready))
})
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`ready at http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})

function tinyModel(): string {
  const path = join(mkdtempSync(join(tmpdir(), 'sluice-llama-')), 'tiny.gguf')
  writeTinyModel(path)
  return path
}
