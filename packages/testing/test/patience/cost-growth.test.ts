import { costGrowth } from '@sluice/testing/patience'
import { expect, test } from 'vitest'

const FACTOR = 8

/** Looks at as many pairs as `pairs` says. */
function work(pairs: (size: number) => number) {
  return (size: number) => {
    const letters = new Uint8Array(1_024).fill(7)
    return (): number => {
      let sum = 0
      for (let left = pairs(size); left > 0; left--) sum = (sum + letters[left & 1_023]! * left) % 65_537
      return sum
    }
  }
}

test('the cost of linear work grows as its input does', async () => {
  expect(
    await costGrowth(
      work((size) => 1_000 * size),
      { size: 1_000, factor: FACTOR },
    ),
  ).toBeLessThan(FACTOR ** 1.5)
})

test('the cost of quadratic work grows by the square', async () => {
  expect(
    await costGrowth(
      work((size) => size ** 2),
      { size: 1_000, factor: FACTOR },
    ),
  ).toBeGreaterThan(FACTOR ** 1.5)
})
