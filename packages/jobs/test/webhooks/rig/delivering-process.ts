import { createWebhooks } from '@sluice/jobs/webhooks'

import { scopeOf } from '../../../src/documents/scope.ts'
import { sqliteDocuments } from '../../../src/sqlite.ts'

/** Ends jobs, each together with the event that tells of it, and sends these, until it is killed. */
const [directory = '', url = ''] = process.argv.slice(2)
const documents = sqliteDocuments({ directory })
const as = { owner: 'ada' }
const webhooks = createWebhooks({
  documents,
  addresses: { dangerouslyAllowHttp: true, dangerouslyAllowPrivate: true, ports: [Number(new URL(url).port)] },
  delivery: { scheduleMs: [0, 10, 10, 10, 10, 10], totalMs: 1_000, breakAfter: 1_000 },
  onError: (error) => console.error(error),
})
// One of its own: what those before it had on their way counts for theirs until its lease is over.
await webhooks.endpoints.create({ url: `${url}?${process.pid}`, events: ['job.*'] }, { as })
webhooks.work()

for (let number = 0; ; number++) {
  const id = `job-${process.pid}-${number}`
  const place = { scope: scopeOf(as), state: 'ended' }
  const outbox = await webhooks.outbox({ type: 'job.succeeded', about: id, sequence: 1 }, scopeOf(as))
  await documents.write([{ kind: 'job', id, after: 0, value: null, place }, ...outbox])
  await new Promise((resolve) => setTimeout(resolve, 10))
}
