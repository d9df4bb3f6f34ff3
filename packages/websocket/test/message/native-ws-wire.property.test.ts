import type { Entry } from '@sluice/core/extend'
import { check, sourceEvents } from '@sluice/testing'
import { nativeWs } from '@sluice/websocket'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const ID = '6qf3v9k2m4n8p1r5t7w0x3y6za'

test('every event becomes one message without a line feed, with its reading and cursor, and nothing lost', () =>
  check(
    fc.property(sourceEvents(), fc.string({ minLength: 1, maxLength: 64 }), fc.boolean(), (events, ref, withheld) => {
      const encoder = nativeWs(ref).create({}, { ids: true })
      const opened = { type: 'opened' as const, id: ID, cursor: `${ID}.1.0`, meta: { a: 1 } }
      const resumeState = { choices: new Map() }
      const first = JSON.parse(encoder.open({ opened, resumeState, mode: 'start', ended: false }) as string) as object
      expect(first).toEqual({ type: 'opened', stream: ID, ref, cursor: `${ID}.1.0`, meta: { a: 1 } })
      const chunk = events.map((event, index): Entry => {
        const entry = { event, epoch: 1 + (index % 2), seq: index + 1 }
        return withheld ? { ...entry, withheld } : entry
      })
      const lines = chunk.length === 0 ? [] : (encoder.encode(chunk) as string).split('\n')
      expect(lines).toHaveLength(chunk.length)
      lines.forEach((line, index) => {
        const { event, epoch, seq } = chunk[index]!
        const choice = 'choice' in event && event.choice ? { choice: event.choice } : {}
        const { choice: _, ...rest } = JSON.parse(JSON.stringify(event)) as { choice?: number }
        const place = withheld ? {} : { cursor: `${ID}.${epoch}.${seq}` }
        expect(JSON.parse(line)).toEqual({ ...rest, ...choice, ...place, stream: ID, ref })
      })
    }),
  ))

test('a reading that is closed is told so, and with its cursor where there is one', () => {
  const encoder = nativeWs('a"b').create({}, { ids: true })
  const opened = { type: 'opened' as const, id: ID, cursor: `${ID}.1.0`, meta: {} }
  encoder.open({ opened, resumeState: { choices: new Map() }, mode: 'start', ended: false })
  expect([
    JSON.parse(encoder.closed({ type: 'closed', code: 'trimmed' }) as string),
    JSON.parse(encoder.closed({ type: 'closed', code: 'stalled', cursor: `${ID}.1.7` }) as string),
  ]).toEqual([
    { type: 'closed', stream: ID, ref: 'a"b', code: 'trimmed' },
    { type: 'closed', stream: ID, ref: 'a"b', code: 'stalled', cursor: `${ID}.1.7` },
  ])
  expect(encoder.heartbeat()).toBe('')
})
