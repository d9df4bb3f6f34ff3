import type { StreamEvent } from '@sluice/core'
import { createResumeState } from '@sluice/core/extend'
import { formatSseEvent, nativeSse, type SseEvent } from '@sluice/sse'
import { createParser } from 'eventsource-parser'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { asCarried, hostileText } from './rig/hostile-text.ts'
import { cutAt, parsePieces } from './rig/parse-pieces.ts'
import { parseBySpec } from './rig/spec-parser.ts'

const names = fc.stringMatching(/^[A-Za-z0-9_.:-]{1,20}$/)
const places = fc.array(fc.nat(2000), { maxLength: 6 })

function parseByPeer(text: string): SseEvent[] {
  const events: SseEvent[] = []
  let lastEventId = ''
  const parser = createParser({
    onId: (id) => (lastEventId = id),
    onEvent: ({ event = 'message', data }) => events.push({ id: lastEventId, event, data }),
  })
  parser.feed(text)
  return events
}

test('S1: whatever it is given, one formatted event is read as that event and nothing else, by three parsers', () => {
  const fields = fc.record({ id: names, event: names, data: hostileText, comment: hostileText, retry: fc.nat() })
  fc.assert(
    fc.property(fields, places, (written, cuts) => {
      const bytes = new TextEncoder().encode(formatSseEvent(written))
      const text = new TextDecoder().decode(bytes)
      const events = [{ id: written.id, event: written.event, data: asCarried(written.data) }]
      const parsed = parsePieces(cutAt(bytes, cuts))
      expect(parsed).toMatchObject({ events, retry: [written.retry], discarded: false })
      expect(parsed.comments).toHaveLength(1)
      expect(parseBySpec(text).events).toEqual(events)
      expect(parseByPeer(text)).toEqual(events)
    }),
    { numRuns: 2000 },
  )
})

const optional = { requiredKeys: [] }
const marks = fc.record({ choice: fc.nat(3), extra: fc.dictionary(hostileText, hostileText) }, optional)
const bodies: fc.Arbitrary<object> = fc.oneof(
  fc.record({ type: fc.constantFrom('text', 'reasoning', 'refusal'), text: hostileText }),
  fc.record({ type: fc.constant('tool'), phase: fc.constant('args'), id: hostileText, text: hostileText }),
  fc.record({ type: fc.constant('data'), name: hostileText, data: fc.jsonValue() }),
  fc.record({ type: fc.constant('finish'), reason: fc.constant('stop') }),
)
const events = fc.tuple(bodies, marks).map(([body, mark]) => ({ ...body, ...mark }) as StreamEvent)

test('the native wire gives back every event, id and type, whatever the text and however the bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(events, { maxLength: 6 }), places, (written, cuts) => {
      const encoder = nativeSse.create({}, { ids: true })
      const opened = { type: 'opened', id: 'stream', cursor: 'stream.1.0', meta: {} } as const
      const head = encoder.open({ opened, resumeState: createResumeState(), mode: 'start', ended: false })
      const entries = written.map((event, index) => ({ event, epoch: 1, seq: index + 1 }))
      const encoded = String(head) + String(encoder.encode(entries)) + String(encoder.heartbeat())
      const parsed = parsePieces(cutAt(new TextEncoder().encode(encoded), cuts))
      expect(parsed.discarded).toBe(false)
      expect(parsed.events.map(({ id }) => id)).toEqual(['', ...entries.map(({ seq }) => `stream.1.${seq}`)])
      const read = parsed.events.slice(1).map(({ event, data }) => ({ type: event, ...(JSON.parse(data) as object) }))
      // Choice 0 is the default, and lone surrogates have an escape in JSON: nothing is lost.
      expect(read).toEqual(
        JSON.parse(JSON.stringify(written, (key, value) => (key === 'choice' ? value || undefined : value))),
      )
    }),
    { numRuns: 1000 },
  )
})
