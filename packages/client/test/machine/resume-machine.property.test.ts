import { check } from '@sluice/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { END, FAULTS, TOKENS, World } from '../rig/machine-world.ts'

const faults = fc.array(fc.constantFrom(...FAULTS), { maxLength: 20 })

test('contract 1, 2, 3, 4: whatever a network does, and in whatever order, every event is delivered once, and the end last', () =>
  check(
    fc.asyncProperty(fc.scheduler(), faults, fc.nat(4), async (scheduler, broke, wakes) => {
      // A fresh credential that is refused is final.
      const renewals = broke.filter((fault) => fault === 'unauthorized' || fault === 'refused 401')
      fc.pre(renewals.length < 2 || !renewals.includes('refused 401'))
      const world = new World(scheduler, broke)
      world.step({ type: 'begin' })
      for (let index = 0; index < wakes; index++) {
        world.later('offline', () => world.step({ type: 'offline' }))
        world.later('wake', () => world.step({ type: 'wake' }))
      }
      await scheduler.waitIdle()
      expect(world.over).toEqual({ type: 'over', end: END })
      expect(world.delivered).toEqual(Array.from({ length: TOKENS + 1 }, (_, index) => index + 1))
      expect([world.machine.status, world.live.size, world.machine.dueMs, world.wrongs]).toEqual([
        'ended',
        0,
        Infinity,
        [],
      ])
    }),
  ))

test('contract 1, 9: a reader that leaves is given a prefix, and nothing is connected or told after it', () =>
  check(
    fc.asyncProperty(fc.scheduler(), faults, async (scheduler, broke) => {
      const world = new World(scheduler, broke)
      world.step({ type: 'begin' })
      world.later('detach', () => world.step({ type: 'detach' }))
      world.later('wake', () => world.step({ type: 'wake' }))
      await scheduler.waitIdle()
      expect(world.delivered).toEqual(world.delivered.map((_, index) => index + 1))
      // An end there is only where all was delivered; a reading that left or failed has none.
      expect(world.over?.end).toEqual(world.delivered.length === TOKENS + 1 ? END : undefined)
      expect([world.machine.status, world.live.size, world.machine.dueMs, world.wrongs]).toEqual([
        'ended',
        0,
        Infinity,
        [],
      ])
    }),
  ))
