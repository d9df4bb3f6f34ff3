import { openSync, writeSync } from 'node:fs'

import { createBatches } from '../../../src/batch.ts'
import { openStores } from './stores.ts'

/** Works at batches until the one it is told of is over, or it is killed. Says each time when it asks for a line. */
const [place = '', tellFile = '', batch = '', concurrency = '16', lineMs = '15'] = process.argv.slice(2)
const telling = openSync(tellFile, 'a')
const { documents, files, close } = openStores(place)
const errors: unknown[] = []

const batches = createBatches({
  documents,
  files,
  async run({ customId }, { signal }) {
    // At once, and in order: what was said is said, whenever the process is killed.
    writeSync(telling, `${customId}\n`)
    await new Promise((resolve) => void setTimeout(resolve, Number(lineMs) * (0.3 + 1.4 * Math.random())))
    signal.throwIfAborted()
    const index = Number(customId.slice(1))
    return { statusCode: index % 10 === 3 ? 400 : 200, requestId: null, body: JSON.stringify({ index }) }
  },
  work: { concurrency: Number(concurrency), leaseMs: 600, lookEveryMs: 150 },
  onError: (error) => void errors.push(error),
})

console.log('It has begun.')
for (;;) {
  await new Promise((resolve) => void setTimeout(resolve, 50))
  const found = await batches.find({ dialect: 'openai', owner: { owner: 'one' } }, batch)
  if (found?.state.endedAtMs !== undefined) break
}
await batches.stop()
await close()
for (const error of errors) console.error(error)
