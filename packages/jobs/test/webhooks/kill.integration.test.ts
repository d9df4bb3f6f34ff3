import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import { scopeOf } from '@sluice/jobs'
import { createWebhooks } from '@sluice/jobs/webhooks'
import { until } from '@sluice/testing/patience'
import { expect, test } from 'vitest'

import { newDirectories } from '../../../sqlite/test/rig/directories.ts'
import { sqliteDocuments } from '../../src/sqlite.ts'
import { startReceiver, status } from './rig/receiver.ts'
import { ADA } from './rig/webhooks-rig.ts'

const PROGRAM = fileURLToPath(new URL('rig/delivering-process.ts', import.meta.url))
const KILLS = 6
const newDirectory = newDirectories()
const COMPILED = newDirectory()

test('whoever ends a job and tells of it may be killed at any moment: each end is told at least once', async () => {
  const directory = newDirectory()
  const refused = new Set<string>()
  // The first attempt of each delivery fails: it is told by a later one, perhaps of another process.
  await using receiver = await startReceiver((response, got, request) => {
    const id = `${got.path} ${String(got.headers['webhook-id'])}`
    const isFirst = !refused.has(id)
    refused.add(id)
    setTimeout(() => status(isFirst ? 503 : 204)(response, got, request), 5)
  })
  for (let kill = 0; kill < KILLS; kill++) {
    const had = receiver.got.length
    const child = spawn(process.execPath, ['--conditions=@sluice/source', PROGRAM, directory, receiver.url], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, NODE_COMPILE_CACHE: COMPILED },
    })
    const exited = once(child, 'exit')
    await until(() => receiver.got.length > had, 'it sends something', 60_000)
    setTimeout(() => child.kill('SIGKILL'), Math.random() * 100)
    expect(await exited).toEqual([null, 'SIGKILL'])
  }

  const documents = sqliteDocuments({ directory })
  const webhooks = createWebhooks({
    documents,
    addresses: { dangerouslyAllowHttp: true, dangerouslyAllowPrivate: true, ports: [receiver.port] },
    delivery: { scheduleMs: [0, 10, 10, 10, 10, 10], breakAfter: 1_000 },
  })
  const count = async (state: string): Promise<number> => documents.count('delivery', { state })
  const unfinished = (await count('pending')) + (await count('sending'))
  expect(unfinished).toBeGreaterThan(0)
  const worker = webhooks.work()
  await until(async () => (await count('pending')) + (await count('sending')) === 0, 'all have been sent', 60_000)
  await worker.stop()

  const told = new Set(receiver.got.map(({ body }) => (JSON.parse(body) as { data: { id: string } }).data.id))
  const { documents: jobs } = await documents.list({ kind: 'job', scope: scopeOf(ADA), limit: 10_000 })
  const ended = jobs.map(({ id }) => id)
  expect(ended.length).toBeGreaterThan(KILLS)
  // A job and its deliveries are written together: there is none without the other.
  expect(told).toEqual(new Set(ended))
  expect([await count('failed'), await count('delivered')]).toEqual([0, refused.size])
  await documents.close()
})
