import { openSync, writeSync } from 'node:fs'

import { createSluice, type Source, type TokenStream } from '@sluice/core'

import { sqliteStore } from '../../src/index.ts'
import type { Told } from './told.ts'

/** Starts streams, reads, cancels and erases them, and says what it knows of them, until it is killed. */
const [directory = '', tellFile = '', streams = '8'] = process.argv.slice(2)
const telling = openSync(tellFile, 'a')
const random = (below: number): number => Math.floor(Math.random() * below)
// At once, and in order: what was said is said, whenever the process is killed.
const tell = (told: Told): void => void writeSync(telling, `${JSON.stringify(told)}\n`)

interface Counting {
  readonly total: number
  readonly everyMs: number
}

/** Counts on from what was said before. */
function counting({ total, everyMs }: Counting): Source {
  return async function* ({ prefix }) {
    for (let index = prefix.split(' ').length - 1; index < total; index++) {
      yield `${index} `
      if (everyMs > 0) await new Promise((resolve) => void setTimeout(resolve, random(everyMs)))
    }
  }
}

const store = sqliteStore({ directory, onWarning: (message) => process.stderr.write(`${message}\n`) })
const sluice = createSluice({
  store,
  stream: { onDisconnect: 'continue', takeoverMs: 60_000 },
  sources: { count: (context) => counting(context.input as unknown as Counting)(context) },
  // Also those that the process before has left.
  observers: [
    {
      started: ({ id }) =>
        void sluice
          .attach({ id }, { as: 'server' })
          .then(read)
          .catch(() => undefined),
    },
  ],
})

/** Streams of which was told that they were started. */
const known = new Set<string>()

async function read(stream: TokenStream): Promise<void> {
  let length = 0
  for await (const event of stream) {
    if (event.type === 'text') {
      tell({ is: 'shown', id: stream.id, length: (length += event.text.length) })
      if (known.has(stream.id)) console.log('It has shown something.')
    }
    if (event.type === 'end') tell({ is: 'ended', id: stream.id, reason: event.reason })
  }
}

let number = 0

async function goOn(): Promise<never> {
  for (;;) {
    number++
    const named = random(2) === 0
    const input = { total: 5 + random(60), everyMs: random(4) }
    const key = random(3) === 0 ? { key: `key-${process.pid}-${number}` } : {}
    const repeat = random(3) === 0 ? { repeat: `repeat-${process.pid}-${number}` } : {}
    const idempotency = repeat.repeat === undefined ? undefined : { key: repeat.repeat, fingerprint: 'f' }
    const source = named ? { name: 'count', input: { ...input } } : counting(input)
    const stream = await sluice.start(source, { as: 'server', ...key, idempotency })
    tell({ is: 'started', id: stream.id, named, total: input.total, ...key, ...repeat })
    known.add(stream.id)
    const fate = random(6)
    if (fate > 1) {
      await stream.ended
      continue
    }
    await new Promise((resolve) => void setTimeout(resolve, random(20)))
    const { end } = await sluice.cancel({ id: stream.id }, { as: 'server' })
    tell({ is: 'ended', id: stream.id, reason: end!.reason })
    if (fate === 1) continue
    tell({ is: 'erasing', id: stream.id })
    await sluice.erase({ id: stream.id }, { as: 'server' })
    tell({ is: 'erased', id: stream.id })
  }
}

console.log('It has begun.')
for (let one = 0; one < Number(streams); one++) void goOn()
