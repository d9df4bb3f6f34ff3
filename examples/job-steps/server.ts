// A job of four steps, and a page that shows them as they begin. Open it, leave it, come back: the job does not mind.
import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import { createSluice } from '@sluice/core'
import { createStreamResource } from '@sluice/http'
import { sendPlan, toHttpRequest } from '@sluice/http/node'
import { createJobs, type JobSource } from '@sluice/jobs'
import { jobRoutes } from '@sluice/jobs/http'
import { memoryQueue } from '@sluice/jobs/memory'

/** Stands in for an agent that plans, looks things up, writes and checks. */
const report: JobSource = async function* ({ input, step, signal }) {
  const { topic } = input as { topic: string }
  const work = (ms: number): Promise<void> => sleep(ms, undefined, { signal })
  step('plan', { of: 4, message: 'planning…' })
  await work(400)
  step('search', { message: `looking up ${topic}…` })
  await work(400)
  step('write', { message: 'writing…' })
  for (const word of `All that is known of ${topic}, in one sentence.`.split(/(?<= )/)) {
    await work(50)
    yield word
  }
  step('check', { message: 'checking…' })
  await work(400)
}

const sluice = createSluice()
const jobs = createJobs({ sluice, queue: memoryQueue(), sources: { report } })
jobs.work({ concurrency: 2 })
const resource = createStreamResource({
  sluice,
  // Everybody is one owner here; a real server looks at the request.
  identify: () => ({ owner: 'everyone' }),
  extensions: [jobRoutes({ jobs })],
})
const page = readFileSync(new URL('page.html', import.meta.url))

const server = createServer((request, response) => {
  if (request.url === '/') return void response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page)
  return void resource.handle(toHttpRequest(request, response)).then((plan) => sendPlan(response, plan))
})
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`ready at http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
