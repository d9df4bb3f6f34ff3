// One source, five ways to wait for it: see docs/modes.md.
//
//   curl localhost:3000/streams -H 'content-type: application/json' -d '{"prompt":"Hi","stream":false}'    all of it at once
//   curl -N localhost:3000/streams -H 'content-type: application/json' -d '{"prompt":"Hi"}'                as it comes
//   the same over a WebSocket at /ws: {"type":"start","ref":"1","body":{"prompt":"Hi"}}                    both directions
//   curl -i localhost:3000/streams -H 'Prefer: respond-async' -H 'content-type: application/json' \
//     -d '{"prompt":"Hi"}'                                                                                  later
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import { createSluice, type Source } from '@sluice/core'
import { createStreamResource } from '@sluice/http'
import { sendPlan, toHttpRequest } from '@sluice/http/node'
import { createJobs } from '@sluice/jobs'
import { jobRoutes } from '@sluice/jobs/http'
import { memoryQueue } from '@sluice/jobs/memory'
import { createWebSocketHandler } from '@sluice/websocket'

/** Stands in for a model runner. */
const answer = (prompt: unknown): Source =>
  async function* ({ signal }) {
    for (const word of `You said ${String(prompt)}, and nobody need wait for it.`.split(/(?<= )/)) {
      await sleep(50, undefined, { signal })
      yield word
    }
  }

const sluice = createSluice()
/** Everybody is one owner here; a real server looks at the request. */
const identify = (): { owner: string } => ({ owner: 'everyone' })
const jobs = createJobs({
  sluice,
  queue: memoryQueue(),
  sources: { answer: (context) => answer((context.input as { prompt: string }).prompt)(context) },
})
jobs.work()
const resource = createStreamResource({
  sluice,
  identify,
  runner: ({ prompt }) => answer(prompt),
  extensions: [jobRoutes({ jobs, later: ({ body }) => ({ source: 'answer', input: { prompt: body.prompt ?? '' } }) })],
})
const sockets = createWebSocketHandler({ sluice, identify, run: ({ prompt }) => answer(prompt), origins: '*' })

const server = createServer((request, response) => {
  void resource.handle(toHttpRequest(request, response)).then((plan) => sendPlan(response, plan))
})
server.on('upgrade', (request, socket, head) => void sockets.handleUpgrade(request, socket, head))
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`ready at http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
