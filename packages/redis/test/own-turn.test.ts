import { expect, test } from 'vitest'

import { ownTurn } from '../src/commands/own-turn.ts'

test('what is long is worked on one in a turn of the event loop, first come, first served', async () => {
  let turn = 0
  let isOver = false
  const next = (): void => {
    turn++
    if (!isOver) setImmediate(next)
  }
  setImmediate(next)
  const order: number[] = []
  const turns = await Promise.all(
    [0, 1, 2, 3, 4].map((index) =>
      ownTurn().then(() => {
        order.push(index)
        return turn
      }),
    ),
  )
  isOver = true
  expect(order).toEqual([0, 1, 2, 3, 4])
  expect(new Set(turns).size).toBe(5)
})
