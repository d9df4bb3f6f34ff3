import type { SourceEvent, StreamEvent } from '@sluice/core'
import { nativeMembers } from '@sluice/core/extend'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { check, sourceEvents } from '../rig/core-rig.ts'

/** As a reader gets it back whose wire told it the type in another place. */
const readBack = (event: StreamEvent): unknown => ({ type: event.type, ...JSON.parse(`{${nativeMembers(event)}}`) })

test('contract 1: what native wires write of an event is all of it but its type and a choice of 0', async () => {
  await check(
    fc.property(sourceEvents(), (events) => {
      const shown = ({ choice, ...event }: SourceEvent): object => ({ ...event, ...(choice ? { choice } : {}) })
      expect(events.map(readBack)).toEqual(events.map(shown))
    }),
  )
})

test('a type of a newer version keeps its members, if it has any', () => {
  expect(nativeMembers({ type: 'citation' } as unknown as StreamEvent)).toBe('')
  expect(nativeMembers({ type: 'citation', url: 'x' } as unknown as StreamEvent)).toBe('"url":"x"')
})
