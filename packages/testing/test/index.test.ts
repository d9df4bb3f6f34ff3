import * as testing from '@sluice/testing'
import * as patience from '@sluice/testing/patience'
import { expect, test } from 'vitest'

test('exports these names and no others', () => {
  expect(Object.keys(testing).sort()).toEqual(
    [
      'RUNS',
      'SEED',
      'channelOf',
      'check',
      'createCollectingSink',
      'createFailingSink',
      'createScheduledRuntime',
      'createScriptedSource',
      'createStallingSink',
      'createVirtualRuntime',
      'byteTokens',
      'drainMicrotasks',
      'expectedText',
      'expectedTexts',
      'hostileText',
      'identifyAnswers',
      'lawfulPolicies',
      'principals',
      'readingScripts',
      'sourceEvents',
      'sourceItems',
      'stringTokens',
      'unlawfulPolicies',
      'verdictOnAnswer',
    ].sort(),
  )
  expect(Object.keys(patience).toSorted()).toEqual([
    'costGrowth',
    'isSettled',
    'ownTimeMs',
    'quiet',
    'until',
    'untilStill',
    'within',
  ])
})
