import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { createSluice, isSluiceError } from '@sluice/core'

import { sqliteStore } from '../../src/index.ts'

/** Streams on a disk that is full soon, and has room again later; says what they have come to. */
const [directory = ''] = process.argv.slice(2)
const warnings: string[] = []
const store = sqliteStore({ directory, outageMs: 300, onWarning: (message) => warnings.push(message) })
const sluice = createSluice({ store, stream: { onDisconnect: 'continue' } })
const as = 'server'
const LINE = 'a line that takes some room on the disk, and is not the same as others: '

const first = await sluice.start(() => ['kept'], { as })
await first.ended
// What somebody else puts there.
const filler = join(directory, 'filler')
let size = 600 * 1024
for (; size > 0; size -= 4096) {
  try {
    writeFileSync(filler, Buffer.alloc(size))
    break
  } catch {
    // A little less, then.
  }
}

const full = await sluice.start(
  async function* ({ signal }) {
    for (let line = 0; !signal.aborted; line++) {
      yield `${line} ${LINE.repeat(4)}`
      await new Promise((resolve) => void setTimeout(resolve, 1))
    }
  },
  { as },
)
let shown = ''
let closed: string | undefined
try {
  for await (const event of full) if (event.type === 'text') shown += event.text
} catch (error) {
  closed = isSluiceError(error) ? error.code : String(error)
}
const health = store.health?.()
/** Streams that do not end, and take some room each: sooner or later there is none. */
const endless = (): AsyncGenerator<string> => {
  return (async function* () {
    await new Promise(() => {})
    yield ''
  })()
}
let refused: unknown
for (let start = 0; refused === undefined && start < 100; start++) {
  await sluice.start(endless, { as, meta: { large: LINE.repeat(200) } }).catch((error: unknown) => {
    refused = isSluiceError(error) ? [error.code, error.status] : String(error)
  })
}

rmSync(filler)
let later: string | undefined
for (let attempt = 0; later === undefined && attempt < 500; attempt++) {
  try {
    const stream = await sluice.start(() => ['room again'], { as })
    later = await stream.text()
  } catch {
    await new Promise((resolve) => void setTimeout(resolve, 10))
  }
}
const kept = await (await sluice.attach({ id: first.id }, { as })).text()
await store.dispose()

const again = sqliteStore({ directory, onWarning: (message) => warnings.push(message) })
const reading = createSluice({ store: again })
const { text } = await reading.transcript({ id: full.id }, { as })
const { end } = await reading.info({ id: full.id }, { as })
await again.dispose()
console.log(
  JSON.stringify({
    shown: shown.length,
    closed,
    health,
    refused,
    later,
    kept,
    isBeginning: text.startsWith(shown) || shown.startsWith(text),
    keeps: text.length >= shown.length,
    end,
    warnings: warnings.length,
  }),
)
