import { describe, expect, test } from 'vitest'

import { SingleFlight } from '../src/replica/single-flight.ts'

/** Questions that are answered when the test says so. */
function createQuestions() {
  const asked: { answer(text: string): void; fail(error: Error): void }[] = []
  const shared = new SingleFlight(() => new Promise<string>((answer, fail) => asked.push({ answer, fail })))
  return { shared, asked }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('an answer that many share', () => {
  test('who asks before it has left gets the same', async () => {
    const { shared, asked } = createQuestions()
    const answers = [shared.get(), shared.get()]
    expect(asked).toHaveLength(1)
    asked[0]!.answer('one')
    expect(await Promise.all(answers)).toEqual(['one', 'one'])
    expect(shared.idle).toBe(true)
  })

  test('who asks when it has left gets another, one for all of them', async () => {
    const { shared, asked } = createQuestions()
    const first = shared.get()
    await nextTurn()
    const later = [shared.get(), shared.get()]
    asked[0]!.answer('one')
    expect(await first).toBe('one')
    expect(shared.idle).toBe(false)
    await nextTurn()
    expect(asked).toHaveLength(2)
    asked[1]!.answer('two')
    expect(await Promise.all(later)).toEqual(['two', 'two'])
    expect(shared.idle).toBe(true)
  })

  test('a question that failed is asked again for those who came later', async () => {
    const { shared, asked } = createQuestions()
    const first = shared.get()
    await nextTurn()
    const later = shared.get()
    asked[0]!.fail(new Error('away'))
    await expect(first).rejects.toThrow('away')
    await nextTurn()
    asked[1]!.answer('back')
    expect(await later).toBe('back')
  })
})
