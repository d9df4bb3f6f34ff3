import { createVirtualRuntime } from '@sluice/testing'
import { expect, test } from 'vitest'

import { createRig, saying } from '../../rig/rig.ts'

test('contract 4: a runner that hangs is waited for as long as a source may take to its first word; what it makes then is never called', async () => {
  const runtime = createVirtualRuntime()
  const late = Promise.withResolvers<() => string[]>()
  let calls = 0
  const { ask, sluice } = createRig(saying('x'), {
    sluice: { runtime, stream: { deadlines: { firstTokenMs: 5_000 } } },
    runner: () => late.promise,
  })
  let answer: Response | undefined
  void ask('POST', '/streams', { json: {} }).then((given) => (answer = given))
  await runtime.advance(4_999)
  expect(answer).toBeUndefined()
  await runtime.advance(1)
  expect([answer?.status, answer?.headers.get('retry-after')]).toEqual([504, '1'])
  late.resolve(() => {
    calls++
    return ['late']
  })
  await runtime.advance(1_000)
  expect([calls, sluice.stats().store.streams]).toEqual([0, 0])
})

test('without that deadline it is waited for', async () => {
  const runtime = createVirtualRuntime()
  const late = Promise.withResolvers<() => string[]>()
  const { ask } = createRig(saying('x'), {
    sluice: { runtime, stream: { deadlines: { firstTokenMs: false } } },
    runner: () => late.promise,
  })
  const answer = ask('POST', '/streams', { json: { stream: false } })
  await runtime.advance(1_000_000)
  late.resolve(() => ['late'])
  await runtime.advance(1_000)
  expect((await answer).status).toBe(200)
})
