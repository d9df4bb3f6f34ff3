import { EventEmitter } from 'node:events'
import type { ServerHttp2Session } from 'node:http2'

import { createVirtualRuntime } from '@sluice/testing'
import { expect, test } from 'vitest'

import { keepAlive } from '../../src/call/keep-alive.ts'

/** A connection whose peer answers only when it is told to. */
class Session extends EventEmitter {
  destroyed = false
  asked = 0
  answer: (error?: Error | null) => void = () => {}

  ping(answer: (error: Error | null) => void): boolean {
    this.asked++
    this.answer = (error = null) => answer(error)
    return true
  }

  destroy(): void {
    this.destroyed = true
    this.emit('close')
  }
}

const OPTIONS = { keepAliveMs: 30_000, keepAliveTimeoutMs: 10_000 }

test('contract 4: a peer that answers is asked again, one that does not is cut off', async () => {
  const runtime = createVirtualRuntime()
  const session = new Session()
  keepAlive(runtime, session as unknown as ServerHttp2Session, OPTIONS)
  await runtime.advance(30_000)
  expect(session.asked).toBe(1)
  session.answer()
  await runtime.advance(29_999)
  expect(session.asked).toBe(1)
  await runtime.advance(1)
  expect(session.asked).toBe(2)
  await runtime.advance(9_999)
  expect(session.destroyed).toBe(false)
  await runtime.advance(1)
  expect(session.destroyed).toBe(true)
})

test.each<[string, number, (session: Session) => void]>([
  ['before it is asked', 0, () => {}],
  ['before it has answered', 30_000, () => {}],
  ['when it has answered', 30_000, (session) => session.answer()],
  ['whose answer was an error', 30_000, (session) => session.answer(new Error('gone'))],
])('contract 14: a connection that closes leaves no timer: %s', async (_, afterMs, answer) => {
  const runtime = createVirtualRuntime()
  const session = new Session()
  keepAlive(runtime, session as unknown as ServerHttp2Session, OPTIONS)
  await runtime.advance(afterMs)
  answer(session)
  session.destroy()
  expect(runtime.pendingTimers).toBe(0)
})
