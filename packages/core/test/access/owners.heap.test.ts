import { expect, test } from 'vitest'

import { Admission, DEFAULT_LIMIT_OPTIONS } from '../../src/access/admission.ts'

const OWNERS = 200_000

test('contract 6: owners who run nothing and have waited long enough are forgotten, however many there were', () => {
  const admission = new Admission(DEFAULT_LIMIT_OPTIONS)
  let nowMs = 0
  const pass = (owners: number): void => {
    for (let at = 0; at < owners; at++) {
      nowMs += 10
      admission.enter({ owner: `owner ${nowMs}` }, nowMs)()
    }
  }
  const heapUsed = (): number => {
    globalThis.gc!()
    return process.memoryUsage().heapUsed
  }
  pass(10_000)
  const before = heapUsed()
  pass(OWNERS)
  // An account costs some hundred bytes: kept, these would be tens of megabytes.
  expect((heapUsed() - before) / OWNERS).toBeLessThan(10)
  // Whoever runs something is not.
  const release = admission.enter({ owner: 'ada' }, nowMs)
  pass(5_000)
  expect(admission.running).toBe(1)
  release()
})

test('contract 6: an owner who has used up its starts is not forgotten before they are back', () => {
  const admission = new Admission({ ...DEFAULT_LIMIT_OPTIONS, startBurst: 1, startsPerSecond: 1 })
  admission.enter({ owner: 'ada' }, 0)()
  for (let at = 0; at < 5_000; at++) admission.enter({ owner: `owner ${at}` }, 100)()
  expect(() => admission.enter({ owner: 'ada' }, 200)).toThrow(/SLUICE_ERR_RATE|too fast/)
})
