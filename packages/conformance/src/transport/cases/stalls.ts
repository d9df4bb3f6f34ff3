import { DEFAULT_READER_OPTIONS, type Sluice, type Source } from '@sluice/core'
import { nativeSse } from '@sluice/sse'
import { createCollectingSink } from '@sluice/testing'
import { expect, test } from 'vitest'

import { until, untilStill } from '@sluice/testing/patience'
import { cursorOf, heardClosed, heardCut, heardEnd, heardText, textOf } from '../rig/reading.ts'
import type { Script } from '../rig/script.ts'
import type { OpenTransport } from '../rig/suite-parts.ts'

const KIB = 1024
const MIB = 1024 * KIB
const TOKEN_BYTES = 16 * KIB
const WINDOW_BYTES = 64 * KIB
/** So much is kept that nothing is trimmed, whatever a transport takes. */
const STREAM = { windowBytes: WINDOW_BYTES, retentionBytes: 128 * MIB }
const STALL_MS = 150
const BEAT_MS = 20

/** Waits until nothing more is taken from a source that always has something to say. */
const held = (script: Script): Promise<number> => untilStill(() => script.given.length, { above: WINDOW_BYTES })

/** Readers that do not read. */
export function describeStalls(parts: OpenTransport): void {
  const { open, driver } = parts
  const { transportBytes = 32 * MIB } = driver
  const { queueBytes, maxChunkBytes } = DEFAULT_READER_OPTIONS

  test('contract 6: a reader that does not read is detached at its stall deadline, with a cursor that stays good', async () => {
    const { script, other, startUnread, attended, attaching } = await open({
      stream: STREAM,
      reader: { stallMs: STALL_MS },
    })
    const id = await startUnread()
    const client = await attaching()
    const reading = await client.attach({ id })
    client.pause()
    await attended(id)
    script.sayEndlessly(TOKEN_BYTES)
    await until(() => script.given.length > 0 && other.stats().delivering === 0, 'the reading is over')
    script.finish()
    client.resume()
    const { code, cursor } = await heardClosed(reading)
    expect(code).toBe('stalled')
    expect(cursor).toBe(cursorOf({ events: reading.events.slice(0, -1) }))
    const rest = await (await attaching()).attach({ cursor: cursor! })
    await heardEnd(rest)
    expect(textOf(reading) + textOf(rest) === script.given).toBe(true)
  })

  test('contract 6: a reader that does not read delays no other reader', async () => {
    const { script, startUnread, attended, attaching } = await open({ stream: STREAM })
    const id = await startUnread()
    const slow = await attaching()
    const stalled = await slow.attach({ id })
    slow.pause()
    await attended(id)
    script.sayEndlessly(TOKEN_BYTES)
    // Kernels take megabytes: only where the source waits for it, as the one reader there is, does it make anybody wait.
    const stalledAt = await held(script)
    const reading = await (await attaching()).attach({ id })
    await until(() => textOf(reading).length > stalledAt + 1 * MIB, 'the other reader reads on')
    script.finish()
    await heardEnd(reading)
    expect(textOf(reading) === script.given).toBe(true)
    slow.resume()
    await heardEnd(stalled)
    expect(textOf(stalled) === script.given).toBe(true)
  })

  test('contract 7: a reader that does not read holds the source back within window, queue and transport', async () => {
    const { script, startUnread, attended, attaching } = await open({ stream: STREAM })
    const id = await startUnread()
    const client = await attaching()
    const reading = await client.attach({ id })
    client.pause()
    await attended(id)
    script.sayEndlessly(TOKEN_BYTES)
    const given = await held(script)
    const bound = WINDOW_BYTES + queueBytes + maxChunkBytes + transportBytes + 2 * TOKEN_BYTES
    expect(given).toBeLessThan(bound)
    client.resume()
    await until(() => script.given.length > given + WINDOW_BYTES, 'the source goes on when the reader reads')
    script.finish()
    await heardEnd(reading)
    expect(textOf(reading) === script.given).toBe(true)
  })

  if (driver.beats === 'pings') describeUnansweredPings(parts)
  else describeWithheldHeartbeats(parts)
}

function describeUnansweredPings({ open }: OpenTransport): void {
  test('contract 7: a peer that answers no ping is sent two, then it counts as gone, with cursors that stay good', async () => {
    const { script, other, startUnread, attaching } = await open({ stream: STREAM, pingMs: BEAT_MS })
    const id = await startUnread('half of ')
    const client = await attaching()
    const reading = await client.attach({ id })
    await heardText(reading, 'half of ')
    client.pause()
    const answered = reading.beats.length
    await until(() => other.stats().delivering === 0, 'the reading is over')
    script.say('the answer')
    script.finish()
    client.resume()
    await heardCut(reading)
    // The first may have been under way when it stopped to read.
    expect(reading.beats.length - answered).toBeLessThanOrEqual(3)
    const rest = await (await attaching()).attach({ cursor: cursorOf(reading) })
    await heardEnd(rest)
    expect(textOf(reading) + textOf(rest)).toBe('half of the answer')
  })
}

function describeWithheldHeartbeats({ open }: OpenTransport): void {
  test('contract 7: no heartbeat is written past a reader that does not read', async () => {
    const { script, other, startUnread, attended, attaching } = await open({
      stream: STREAM,
      reader: { heartbeatMs: BEAT_MS },
    })
    const id = await startUnread()
    const client = await attaching()
    const reading = await client.attach({ id })
    client.pause()
    await attended(id)
    script.sayEndlessly(TOKEN_BYTES)
    await held(script)
    await beatsElsewhere(other, 20)
    script.finish()
    client.resume()
    await heardEnd(reading)
    expect(textOf(reading) === script.given).toBe(true)
    // Before it had anything to say there may have been any number.
    const began = reading.events.findIndex(({ type }) => type === 'text')
    expect(longestRun(reading.beats.filter((place) => place > began))).toBeLessThan(6)
  })
}

/** Waits until a reader beside, of a silent stream, was written so many heartbeats: there was time for as many elsewhere. */
async function beatsElsewhere(sluice: Sluice, beats: number): Promise<void> {
  const silent: Source = ({ signal }) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  const stream = await sluice.start(silent, { as: 'server' })
  const sink = createCollectingSink()
  stream.deliver(sink, { wire: nativeSse })
  await until(() => sink.writes.length > beats, `${beats} heartbeats to another reader`)
  await stream.cancel()
}

/** The most heartbeats with no event between them. */
function longestRun(beats: readonly number[]): number {
  const runs = new Map<number, number>()
  for (const place of beats) runs.set(place, (runs.get(place) ?? 0) + 1)
  return Math.max(0, ...runs.values())
}
