import { quiet } from '@sluice/testing/patience'
import { fromAnthropic } from '@sluice/wires/anthropic'
import { fromOpenAI } from '@sluice/wires/openai'
import { expect, onTestFinished, test } from 'vitest'

test.each([
  ['fromOpenAI', fromOpenAI],
  ['fromAnthropic', fromAnthropic],
])('contract 13: a request that fails and whose source is never run ends no process: %s', async (_, from) => {
  const unhandled: unknown[] = []
  const before = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  const note = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', note)
  onTestFinished(() => {
    process.off('unhandledRejection', note)
    for (const listener of before) process.on('unhandledRejection', listener)
  })
  from(Promise.reject(new Error('refused')))
  await quiet()
  expect(unhandled).toEqual([])
})
