import * as client from '@sluice/client'
import { expect, test } from 'vitest'

test('what the package exports changes on purpose only', () => {
  expect(Object.keys(client).toSorted()).toEqual([
    'ClientError',
    'ClientStream',
    'DEFAULT_BUFFER_OPTIONS',
    'DEFAULT_RESUME_OPTIONS',
    'attach',
    'connect',
    'fallback',
    'framePressure',
    'hybrid',
    'longPoll',
    'measured',
    'openAiSse',
    'paint',
    'paintOn',
    'sse',
    'start',
    'webSocket',
  ])
})
