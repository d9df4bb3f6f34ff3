import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { BackendRequest } from '../../src/upstream/backend.ts'
import { OK, startSocketBackend } from '../rig/socket-backend.ts'

const BODIES: readonly [string, Partial<BackendRequest>][] = [
  ['GET', { method: 'GET' }],
  ['DELETE', { method: 'DELETE' }],
  ['POST', { method: 'POST', body: Buffer.from('{"a":1}') }],
]

describe('a connection that was kept', () => {
  test.each(BODIES)('and is reset at once is one that had been closed: %s is sent again', async (_, request) => {
    await using rig = await startSocketBackend((socket, nth) =>
      nth === 2 ? socket.resetAndDestroy() : socket.write(OK),
    )
    expect(await rig.ask()).toBe('ok')
    expect(await rig.ask(request)).toBe('ok')
    expect(rig.came.map(({ connection }) => connection)).toEqual([1, 1, 2])
    expect(rig.came[2]?.text).toBe(rig.came[1]?.text.replace('keep-alive', 'close'))
  })

  test('and is reset at once while this process has no turn is sent again when it has one', async () => {
    await using rig = await startSocketBackend((socket, nth) => {
      if (nth !== 2) return socket.write(OK)
      socket.resetAndDestroy()
      // Longer than what counts as at once.
      return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600)
    })
    await rig.ask()
    expect(await rig.ask()).toBe('ok')
    expect(rig.came).toHaveLength(3)
  })

  test.each(BODIES)('and is ended without an answer is one too: %s is sent again', async (_, request) => {
    await using rig = await startSocketBackend((socket, nth) => (nth === 2 ? socket.end() : socket.write(OK)))
    await rig.ask()
    expect(await rig.ask(request)).toBe('ok')
  })

  test.each(BODIES)('and is reset later may have been worked on: %s is not sent again', async (_, request) => {
    await using rig = await startSocketBackend(async (socket, nth) => {
      if (nth !== 2) return socket.write(OK)
      await sleep(1_500)
      return socket.resetAndDestroy()
    })
    await rig.ask()
    expect(await rig.failure(request)).toMatchObject({ reason: 'reset', status: 502, isOutage: false })
    expect(rig.came).toHaveLength(2)
  })

  test('and has begun to answer is not asked again', async () => {
    await using rig = await startSocketBackend((socket, nth) => {
      if (nth === 1) return socket.write(OK)
      return socket.write('HTTP/1.1 200 OK\r\nx-half: ', () => setImmediate(() => socket.resetAndDestroy()))
    })
    await rig.ask()
    expect((await rig.failure()).reason).toBe('reset')
    expect(rig.came).toHaveLength(2)
  })

  test('is asked again once, not for ever', async () => {
    await using rig = await startSocketBackend((socket, nth) =>
      nth === 1 ? socket.write(OK) : socket.resetAndDestroy(),
    )
    await rig.ask()
    expect((await rig.failure()).reason).toBe('reset')
    expect(rig.came).toHaveLength(3)
  })

  test('is not used for a body that cannot be sent again', async () => {
    await using rig = await startSocketBackend((socket) => socket.write(OK))
    await rig.ask()
    await rig.ask({ method: 'POST', body: { stream: Readable.from([Buffer.from('abc')]), length: 3 } })
    expect(rig.came.map(({ connection }) => connection)).toContain(2)
  })
})

describe('a new connection', () => {
  test('that is reset is not asked again: the backend has it, and fails', async () => {
    await using rig = await startSocketBackend((socket) => socket.resetAndDestroy())
    expect((await rig.failure()).reason).toBe('reset')
    expect(rig.came).toHaveLength(1)
  })

  test('that is never made is given up in time, and the limit is named', async () => {
    await using rig = await startSocketBackend(() => {}, { connectMs: 100, scheme: 'https' })
    const failure = await rig.failure()
    expect(failure).toMatchObject({ reason: 'timeout', status: 504, isOutage: true })
    expect(failure.told).toContain('100 ms (--upstream-connect-ms)')
  })

  test('that was made in time may be silent for longer', async () => {
    await using rig = await startSocketBackend((socket) => setTimeout(() => socket.write(OK), 2_500), {
      connectMs: 1_000,
    })
    expect(await rig.ask()).toBe('ok')
  })
})
