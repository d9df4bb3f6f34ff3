import { isSettled, quiet, until, untilStill, within } from '@sluice/testing/patience'
import { expect, test } from 'vitest'

const soon = (turns: number): Promise<void> =>
  turns === 0 ? Promise.resolve() : new Promise<void>((resolve) => setImmediate(resolve)).then(() => soon(turns - 1))

test('until gives what its condition gives, at once or later, whether or not that takes time', async () => {
  let looks = 0
  expect(await until(() => 7)).toBe(7)
  expect(await until(() => ++looks > 2 && looks)).toBe(3)
  expect(await until(async () => (await soon(1), ++looks > 5) && 0)).toBe(0)
})

test('until and within say what they waited for in vain', async () => {
  await expect(until(() => false, 'a miracle', 30)).rejects.toThrow('waited for 30 ms, and not yet: a miracle')
  await expect(
    until(
      () => false,
      () => 'two',
      30,
    ),
  ).rejects.toThrow('not yet: two')
  await expect(within(new Promise(() => {}), 'a word', 30)).rejects.toThrow('not yet: a word')
  expect(await within(Promise.resolve('here'), 'a word')).toBe('here')
})

test('untilStill does not take what has not begun for what is over', async () => {
  let count = 0
  const begun = soon(5)
    .then(quiet)
    .then(quiet)
    .then(() => (count = 3))
  expect(await untilStill(() => count)).toBe(3)
  await begun
})

test('untilStill does not take what has not come far enough for what is over', async () => {
  let count = 1
  void quiet().then(() => (count = 11))
  expect(await untilStill(() => count, { above: 10 })).toBe(11)
})

test('untilStill waits for what pauses in between', async () => {
  let count = 0
  void (async () => {
    for (let index = 0; index < 4; index++) {
      await quiet()
      count++
    }
  })()
  expect(await untilStill(() => count)).toBe(4)
})

test('untilStill gives up on what never stands still', async () => {
  let count = 0
  await expect(untilStill(() => count++, { withinMs: 100 })).rejects.toThrow('a number above 0 stands still')
})

test('what settles within the turns under way counts as settled, what never does not', async () => {
  expect(await isSettled(soon(10))).toBe(true)
  expect(await isSettled(new Promise(() => {}))).toBe(false)
})
