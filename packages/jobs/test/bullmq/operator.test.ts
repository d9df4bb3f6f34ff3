import { Scheduler } from '@sluice/core/extend'
import { createVirtualRuntime } from '@sluice/testing'
import { expect, test } from 'vitest'

import { Operator } from '../../src/bullmq/operator.ts'

test('the operator is told the same once a minute, and no more than so much', async () => {
  const runtime = createVirtualRuntime()
  const told: string[] = []
  const operator = new Operator(new Scheduler(runtime), (message) => told.push(message))
  for (let time = 0; time < 3; time++) operator.tell('a')
  await runtime.advance(59_999)
  operator.tell('a')
  expect(told).toEqual(['a'])
  await runtime.advance(1)
  operator.tell('a')
  expect(told).toEqual(['a', 'a'])
  for (let index = 0; index < 40; index++) operator.tell(`b${index}`)
  expect(told).toHaveLength(17)
})

test('why Redis cannot be reached is told without the arguments of a command', () => {
  const told: string[] = []
  const operator = new Operator(new Scheduler(createVirtualRuntime()), (message) => told.push(message))
  operator.unreachable(Object.assign(new Error(''), { code: 'ECONNREFUSED' }))
  operator.unreachable(new Error('ERR unknown command, with args beginning with: secret'))
  expect(told).toEqual(['Redis cannot be reached: ECONNREFUSED.', 'Redis cannot be reached: ERR unknown command.'])
})
