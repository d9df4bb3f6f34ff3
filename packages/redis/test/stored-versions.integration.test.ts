import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { createSluice } from '@sluice/core'
import { redisStore } from '@sluice/redis'
import { type RedisServer, startRedisServer } from '@sluice/testing/redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { FOLDER } from '../../conformance/test/bytes/event-scripts.ts'
import { entryIn, restoreKeys, RESTORED_ID } from './restored-keys.ts'
import type { StoredKey } from './stored-keys.ts'

const ADA = { owner: 'ada', tenant: 'acme' }
/** What every version has stored, recorded when it was released and never changed since. */
const STORED = join(FOLDER, '../stored')
const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as {
  version: string
}
const CURRENT = `redis-${version}.json`

type Keys = Readonly<Record<string, StoredKey>>

// What a version stores is known from the day on which it has its number.
if (process.env.SLUICE_RECORD === '1' && !existsSync(join(STORED, CURRENT))) {
  copyFileSync(join(FOLDER, 'redis.json'), join(STORED, CURRENT))
}

let server: RedisServer
beforeAll(async () => (server = await startRedisServer()))
afterAll(() => server.close())

/** The events in a log, as JSON alone tells them. */
function eventsIn(keys: Keys): unknown[] {
  const log = Object.entries(keys).find(([name]) => name.endsWith(':log'))
  const entries = (log?.[1].value ?? []) as readonly string[]
  return entries.flatMap((entry) => (JSON.parse(entryIn(entry).payload) as unknown[]).slice(2))
}

/** The text of all events that have one, by type and choice, and all others: however they were merged. */
function told(events: readonly unknown[]): unknown {
  const texts: Record<string, string> = {}
  const others: unknown[] = []
  for (const event of events) {
    const {
      type,
      choice = 0,
      id = '',
      text,
      extra,
    } = (typeof event === 'string' ? { type: 'text', text: event } : event) as {
      type: string
      choice?: number
      id?: string
      text?: string
      extra?: unknown
    }
    if (text === undefined || extra !== undefined) others.push(event)
    else texts[`${type} ${choice} ${id}`] = (texts[`${type} ${choice} ${id}`] ?? '') + text
  }
  return { texts, others }
}

/** Reads to the end, or so many events of a stream that has none. */
async function readBack(keys: Keys, count = Infinity): Promise<unknown[]> {
  await restoreKeys(server, keys)
  const store = redisStore({ url: server.url, onWarning: () => undefined })
  try {
    const stream = await createSluice({ store }).attach({ id: RESTORED_ID }, { as: ADA })
    const events: unknown[] = []
    for await (const event of stream) if (events.push(event) >= count) break
    return events
  } finally {
    await store.dispose()
  }
}

test('what this version stores is kept for those that come', () => {
  expect(readdirSync(STORED)).toContain(CURRENT)
})

describe.each(readdirSync(STORED))('what was stored as %s', (file) => {
  const cases = JSON.parse(readFileSync(join(STORED, file), 'utf8')) as Record<string, Record<string, unknown>>
  const {
    'in two processes': shared,
    'tools, the older half trimmed': trimmed,
    ...ended
  } = cases as Record<string, Keys> & { 'in two processes': unknown }

  test.each(Object.entries(ended))('contract 1: %s is read to its end', async (_, keys) => {
    const events = await readBack(keys)
    expect(events.at(-1)).toMatchObject({ type: 'end' })
    expect(told(events)).toEqual(told(eventsIn(keys)))
  })

  test('contract 1: what is kept of a log whose older half was trimmed is read on', async () => {
    const kept = eventsIn(trimmed!)
    expect(told(await readBack(trimmed!, kept.length))).toEqual(told(kept))
  })

  test('contract 3: a stream that was cancelled elsewhere has its end', async () => {
    const { cancelled } = shared as Record<string, Keys>
    expect(told(await readBack(cancelled!))).toEqual(told(eventsIn(cancelled!)))
  })

  test('contract 2: one that was erased is known to have been there', async () => {
    const { erased } = shared as Record<string, Keys>
    await expect(readBack(erased!)).rejects.toMatchObject({ code: 'SLUICE_ERR_GONE' })
  })
})
