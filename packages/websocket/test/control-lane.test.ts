import { createSluice } from '@sluice/core'
import type { Sink } from '@sluice/core/extend'
import { expect, test } from 'vitest'

import { ControlLane } from '../src/session/control-lane.ts'

test('as many answers as may be asked for wait for a peer that takes nothing for a moment, and are said then', async () => {
  const told: string[] = []
  let takes = false
  let drain = (): void => {}
  const sink: Sink = {
    write(text) {
      told.push(String(text))
      return takes
    },
    drained: () => new Promise((resolve) => (drain = resolve)),
    close() {},
    destroy() {},
  }
  let overflows = 0
  const connection = createSluice().connect(sink, { beat: { heartbeat: () => '' }, closeWhenEmpty: false })
  const lane = new ControlLane(connection, {
    write: JSON.stringify,
    maxWaiting: 300,
    onOverflow: () => overflows++,
    onStalled() {},
  })
  for (let at = 0; at <= 300; at++) lane.say({ type: 'pong', ref: `${at}` })
  expect([told.length, overflows]).toEqual([1, 0])
  takes = true
  drain()
  await expect.poll(() => told.length).toBe(301)
  expect(JSON.parse(told.at(-1)!)).toEqual({ type: 'pong', ref: '300' })
  takes = false
  for (let at = 0; at < 302; at++) lane.say({ type: 'pong', ref: 'x' })
  expect(overflows).toBe(1)
  connection.lost()
})
