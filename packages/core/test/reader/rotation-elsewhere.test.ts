import { expect, test } from 'vitest'
import { createCollectingSink, createScriptedSource, plainWire } from '../rig/core-rig.ts'
import { createRemoteWorld, logIn, passing, type RemoteProcess } from '../rig/remote-world.ts'

const SERVER = { as: 'server' } as const
const OFF = { firstTokenMs: false, idleMs: false, totalMs: false } as const
const ROTATE_AFTER_MS = 10_000

/** Begins to read a stream, as who comes back when told to. */
async function read(process: RemoteProcess, id: string): Promise<void> {
  const stream = await passing(process, process.sluice.attach({ id }, SERVER))
  stream.deliver(createCollectingSink(), {
    wire: plainWire,
    rotates: true,
    rotateAfterMs: ROTATE_AFTER_MS,
    heartbeatMs: false,
  })
}

test('contract 9: under `cancel` a stream waits for a reader on its way from one process to another, and not for one that does not come', async () => {
  const stream = { deadlines: OFF, onDisconnect: 'cancel' } as const
  const [here, there, third] = createRemoteWorld({ stream }, 3) as [RemoteProcess, RemoteProcess, RemoteProcess]
  const { source } = createScriptedSource([{ yield: 'begun' }, { hang: true }], { runtime: here.runtime })
  const { id } = await passing(here, here.sluice.start(source, SERVER))
  const stored = () => here.store.server.streams.get(id)?.state.end
  for (const process of [there, third, here, there]) {
    await read(process, id)
    // Rotated by now, whatever the jitter, and a while ago.
    await here.runtime.advance(1.1 * ROTATE_AFTER_MS + 2_000)
    expect([process.sluice.stats().delivering, stored()]).toEqual([0, undefined])
  }
  await here.runtime.advance(5_000)
  expect(stored()).toMatchObject({ reason: 'cancelled', cause: 'disconnect' })
  expect(logIn(here, id).attended).toBe(false)
})
