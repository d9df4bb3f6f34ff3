import { expect, test } from 'vitest'

import { toEnd, toEvent } from '../../src/link/connect/connect-event.ts'

test.each([[{ text: 5 }], [{ toolArgs: { id: {} } }], [{ end: { reason: [] } }]])(
  'contract 2: %j is no event, and is never shown as one',
  (message) => {
    expect(() => toEvent(message)).toThrow(expect.objectContaining({ code: 'SLUICE_ERR_PARSE' }) as Error)
  },
)

test('contract 2: an end that does not say that it is complete is not', () => {
  expect(toEnd({ reason: 'stop' })).toEqual({ type: 'end', reason: 'stop', complete: false })
  expect(toEnd({ reason: 'stop', complete: 'true' })).toMatchObject({ complete: false })
})

test('notices, and kinds that are not known, are no events', () => {
  expect(toEvent({ heartbeat: {} })).toBeUndefined()
  expect(toEvent({ citation: 'x', cursor: 's.1.1' })).toBeUndefined()
})
