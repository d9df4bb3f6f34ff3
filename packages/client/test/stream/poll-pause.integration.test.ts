import { longPoll, start } from '@sluice/client'
import { expect, test } from 'vitest'

import { createCuedSource } from '../rig/cued-source.ts'
import { QUICK } from '../rig/quick.ts'
import { startStreamServer } from '../rig/stream-server.ts'

test('something before the server that lets it not wait is not asked again and again', async () => {
  const cued = createCuedSource()
  const server = await startStreamServer({ run: () => cued.source })
  const polledMs: number[] = []
  let told!: () => void
  const enough = new Promise<void>((resolve) => (told = resolve))
  server.intercept = (request) => {
    if (!request.url!.includes('wait=')) return false
    polledMs.push(performance.now())
    if (polledMs.length === 4) told()
    request.url = request.url!.replace(/wait=\d+/, 'wait=0')
    return false
  }
  const text = start(server.streams, {}, { transport: longPoll, resume: QUICK }).text()
  await enough
  cued.say('Hello')
  cued.finish()
  expect(await text).toBe('Hello')
  // The first one finds out what is there, and waits for nothing.
  const apartMs = polledMs.slice(1, 4).map((atMs, index) => atMs - polledMs[index]!)
  expect(Math.min(...apartMs.slice(1))).toBeGreaterThan(900)
}, 60_000)
