import { nativeMembers } from '@sluice/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { check, sourceEvents } from '../../../testing/src/index.ts'

test('contract 1: what is said of an event is all of it, but its type and the number of the first choice', () =>
  check(
    fc.property(sourceEvents(), (events) => {
      for (const event of [events].flat()) {
        const { type: _, ...members } = JSON.parse(JSON.stringify(event)) as { type: string; choice?: number }
        if (!members.choice) delete members.choice
        expect(JSON.parse(`{${nativeMembers(event)}}`)).toEqual(members)
      }
    }),
  ))
