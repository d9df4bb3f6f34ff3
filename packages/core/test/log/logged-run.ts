import assert from 'node:assert/strict'
import { isTextual, type SourceItem, type StreamEvent } from '@sluice/core'
import type { Log } from '@sluice/core/extend'
import { channelOf, expectedTexts } from '../../../testing/src/index.ts'
import type { Received } from '../rig/line-wire.ts'

/** An event as JSON brings it back, the default choice left out. */
export function plain(event: StreamEvent): StreamEvent {
  const copy = JSON.parse(JSON.stringify(event)) as StreamEvent & { choice?: number }
  if (copy.choice === 0) delete copy.choice
  return copy
}

/** The events of a log one by one, not merged. */
export function eventsOf(log: Log): StreamEvent[] {
  const events: StreamEvent[] = []
  for (let seq = log.firstSeq; seq <= log.lastSeq; seq++) events.push(plain(log.read(seq - 1, 1)[0]!.event))
  return events
}

/** Throws unless `entries` are a gap-free, duplicate-free, ordered run of `events` (seq 1 first) after seq `after`. */
export function assertRun(events: readonly StreamEvent[], entries: readonly Received[], after: number): void {
  let at = after
  for (const { seq, event } of entries) {
    assert.ok(seq > at && seq <= events.length, `an entry up to ${seq} came after ${at}, of ${events.length}`)
    const run = events.slice(at, seq)
    const first = run[0]!
    if (run.length === 1) assert.deepEqual(plain(event), first)
    else {
      const texts = run.map((one) => {
        assert.ok(isTextual(one) && channelOf(one) === channelOf(first as never), 'neighbours of two kinds were merged')
        assert.equal(one.extra, undefined, 'an event with extra was merged')
        return one.text
      })
      assert.deepEqual(plain(event), { ...first, text: texts.join('') })
    }
    at = seq
  }
}

/** Text by channel of what was logged or received. */
export function textsOf(events: readonly StreamEvent[]): Map<string, string> {
  const texts = new Map<string, string>()
  for (const event of events) {
    if (!isTextual(event) || event.text === '') continue
    const channel = channelOf(event)
    texts.set(channel, (texts.get(channel) ?? '') + event.text)
  }
  return texts
}

const isRest = (event: StreamEvent): boolean => !isTextual(event) && event.type !== 'end'

/** Throws unless `events` say what a source that yielded `items` said: every channel's text, and the rest in order. */
export function assertSaid(events: readonly StreamEvent[], items: readonly SourceItem[]): void {
  assert.deepEqual(sorted(textsOf(events)), sorted(expectedTexts(items)))
  const singles = items.flatMap((item) => (Array.isArray(item) ? (item as SourceItem[]) : [item]))
  const given = singles.filter((item) => typeof item !== 'string' && !(item instanceof Uint8Array)) as StreamEvent[]
  assert.deepEqual(events.filter(isRest).map(plain), given.filter(isRest).map(plain))
}

function sorted(texts: Map<string, string>): [string, string][] {
  return [...texts].toSorted(([a], [b]) => (a < b ? -1 : 1))
}
