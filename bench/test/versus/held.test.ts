import { describe, expect, test } from 'vitest'

import { Departures, lastSeqIn } from '../../pages/departures.ts'
import { heldBetween } from '../../pages/held-page.ts'
import { pageTextOf } from '../../pages/page-tokens.ts'

describe('what leaves a server', () => {
  test('is known by the last event of a write', () => {
    expect(lastSeqIn('id: abc.1.3\nevent: text\ndata: {"text":"a"}\n\nid: abc.1.9\nevent: text\ndata: {}\n\n')).toBe(9)
    expect(lastSeqIn(': heartbeat\n\n')).toBeUndefined()
  })

  test('counts once the kernel has it', () => {
    const departures = new Departures()
    const left: (() => void)[] = []
    const write = (_chunk: string, onLeft: () => void): boolean => left.push(onLeft) > 0
    const response = departures.of({ write } as never)
    const events = 'id: abc.1.2\nevent: text\ndata: {"text":"ab"}\n\n'
    response.write(events)
    expect(departures.all).toEqual([])
    left[0]!()
    expect(departures.all).toEqual([
      { atMs: expect.any(Number), bytes: events.length, chars: pageTextOf(2).length } satisfies object,
    ])
  })
})

test('what is held is what has left and is not painted', () => {
  const departures = [
    { atMs: 10, bytes: 100, chars: 5 },
    { atMs: 20, bytes: 200, chars: 10 },
    { atMs: 30, bytes: 350, chars: 20 },
  ]
  const at = (atMs: number, chars: number): { atMs: number; chars: number } => ({ atMs, chars })
  // In order of time: left, painted, left, left, painted.
  const paintings = [at(15, 5), at(36, 20)]
  expect(heldBetween(departures, paintings)).toEqual([100, 0, 100, 250, 0])
  expect(heldBetween(departures, paintings, 30)).toEqual([100, 0, 100, 250])
  // A page that paints nothing holds everything.
  expect(heldBetween(departures, [])).toEqual([100, 200, 350])
  expect(heldBetween(departures, [at(5, 0), at(35, 7)])).toEqual([0, 100, 200, 350, 250])
})
