import { setTimeout as sleep } from 'node:timers/promises'

import { bullmqQueue } from '../../../src/bullmq.ts'
import type { WorkerEvent, WorkerSettings } from './worker-process.ts'

const { url, prefix, concurrency, perOwner, leaseMs, checkMs, jobMs } = JSON.parse(process.argv[2]!) as WorkerSettings
const queue = bullmqQueue({ url, prefix, onWarning: () => {} })
const { documents } = queue
const say = (event: WorkerEvent): void => void process.send!(event)

/** Gives the version there is then; `undefined`: somebody else has written. */
async function write(id: string, state: 'running' | 'ended', after?: number): Promise<number | undefined> {
  const found = await documents.read({ kind: 'job', id })
  if (!found) return undefined
  const version = after ?? found.version
  const value = Number(found.value) + (state === 'ended' ? 1 : 0)
  const dueInMs = state === 'running' ? leaseMs : undefined
  const place = { scope: found.scope, state }
  const { is } = await documents.write([{ kind: 'job', id, after: version, value, place, dueInMs }])
  return is === 'ok' ? version + 1 : undefined
}

const worker = queue.work({
  concurrency,
  perOwner,
  leaseMs,
  checkMs,
  onError: (error) => say({ is: 'error', id: String(error) }),
  async run({ id, lost }) {
    say({ is: 'begun', id })
    // As a job's attempt begins: whoever has it after this one writes, too, and this one's end comes too late.
    const version = await write(id, 'running')
    if (version === undefined) return say({ is: 'lost', id })
    await sleep(jobMs, undefined, { signal: lost }).catch(() => {})
    if (lost.aborted) return say({ is: 'lost', id })
    say({ is: (await write(id, 'ended', version)) === undefined ? 'lost' : 'done', id })
  },
})
process.on('message', () => {
  void worker
    .stop()
    .then(() => queue.close())
    .then(() => process.disconnect())
})
say({ is: 'ready', id: '' })
