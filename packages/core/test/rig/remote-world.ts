import { createSluice, type Sluice, type SluiceOptions } from '@sluice/core'
import type { Log } from '@sluice/core/extend'
import { createVirtualRuntime, type VirtualRuntime } from '../../../testing/src/index.ts'
import type { RemoteServer } from './remote-server.ts'
import { RemoteStore } from './remote-store.ts'

/** One process of several, with a store that is somewhere else. */
export interface RemoteProcess {
  sluice: Sluice
  store: RemoteStore
  runtime: VirtualRuntime
}

/** Tasks at one instant, after which a test has found a loop that never ends. */
const MAX_TASKS_PER_INSTANT = 5_000

/** Processes on one server and one clock, the first of which produces. */
export function createRemoteWorld(options: SluiceOptions = {}, processes = 2): RemoteProcess[] {
  const runtime = createVirtualRuntime({ maxTasksPerInstant: MAX_TASKS_PER_INSTANT })
  let server: RemoteServer | undefined
  return Array.from({ length: processes }, () => {
    const store = new RemoteStore({ runtime, server })
    server = store.server
    return { sluice: createSluice({ ...options, runtime, store }), store, runtime }
  })
}

/** The log that a process has of a stream, which it must have. */
export function logIn({ store }: RemoteProcess, id: string): Log {
  const log = store.logOf(id)
  if (!log) throw new Error(`this process has no log of ${id}`)
  return log
}

/** What a promise gives that takes some of the world's time: at most `ms`, all of which pass. */
export async function passing<Value>({ runtime }: RemoteProcess, promise: Promise<Value>, ms = 20): Promise<Value> {
  let settled = false
  const settle = (): void => void (settled = true)
  promise.then(settle, settle)
  await runtime.advance(ms)
  if (!settled) throw new Error(`a promise has not settled within ${ms} ms`)
  return promise
}
