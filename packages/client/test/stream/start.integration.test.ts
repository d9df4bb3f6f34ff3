import { attach, start } from '@sluice/client'
import { expect, test } from 'vitest'

import { startStreamServer } from '../rig/stream-server.ts'

test('a stream is started, read to its end, and leaves nothing behind', async () => {
  const server = await startStreamServer({
    run:
      ({ prompt }) =>
      () => ['You said: ', String(prompt)],
  })
  const statuses: string[] = []
  const stream = start(server.streams, { prompt: 'Hello' }, { onStatus: (status) => statuses.push(status) })
  expect(stream.status).toBe('connecting')
  expect(await stream.text()).toBe('You said: Hello')
  expect(statuses).toEqual(['waiting', 'streaming', 'ended'])
  expect(stream.end).toEqual({ type: 'end', reason: 'stop', complete: true })
  expect(await stream.ended).toBe(stream.end)
  expect(stream.id).toBe(stream.bookmark?.url.split('/').at(-1))

  const again = attach(stream.bookmark!)
  const events = []
  for await (const event of again) events.push(event)
  expect(events).toEqual([stream.end])
  expect(server.asked.at(-1)).toMatch(/^GET /)
})
