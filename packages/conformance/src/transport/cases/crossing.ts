import { type ChaosCut, type ChaosProxy, startChaosProxy } from '@sluice/testing/chaos-proxy'

import { until, within } from '@sluice/testing/patience'
import type {
  ServedTransport,
  TransportClient,
  TransportDriver,
  TransportReading,
  TransportStores,
} from '../rig/driver.ts'
import { textOf } from '../rig/reading.ts'
import { TransportRefusal } from '../rig/refusal.ts'
import { ADA, createCalmSluice, HOUR_MS, identify } from '../rig/scene.ts'
import { Script } from '../rig/script.ts'

/** One transport at one instance, and the network before it. */
interface Door {
  readonly transport: string
  readonly served: ServedTransport
  readonly proxy: ChaosProxy
}

/** Every transport at every instance, all on the same streams. */
export interface Crossroads extends AsyncDisposable {
  readonly doors: readonly Door[]
  /** Begins a stream anew: what is started from now on says what this is told. */
  readonly newScript: () => Script
}

/** Opens all doors to the streams of one store: at two instances, where the store is one for several. */
export async function openCrossroads(
  drivers: Readonly<Record<string, TransportDriver>>,
  stores: TransportStores,
): Promise<Crossroads> {
  let script = new Script()
  const cleanups: (() => unknown)[] = []
  const doors: Door[] = []
  const first = await stores.create()
  const second = await stores.another?.(first)
  for (const store of second ? [first, second] : [first]) {
    const sluice = createCalmSluice(store)
    cleanups.push(
      () => store.dispose(),
      () => sluice.drain({ withinMs: 0 }),
    )
    for (const [transport, driver] of Object.entries(drivers)) {
      const served = await driver.serve({ sluice, identify, run: () => script.source, pingMs: HOUR_MS })
      const proxy = await startChaosProxy({ target: { port: served.port } })
      doors.push({ transport, served, proxy })
      cleanups.push(
        () => served.close(),
        () => proxy.close(),
      )
    }
  }
  return {
    doors,
    newScript: () => (script = new Script()),
    async [Symbol.asyncDispose]() {
      for (const cleanup of cleanups.toReversed()) await cleanup()
    },
  }
}

/** What a reader has, over all of its readings. */
export interface Received {
  text: string
  cursor: string | undefined
  ended: boolean
  /** Readings it took that gave it something. */
  readings: number
}

/** One reading of somebody who comes through a door, reads until it has `enough`, and leaves without a word. */
export interface Visit {
  readonly enough: (text: string) => boolean
  /** Where the network breaks by itself; not on the way in of who starts a stream, which would leave nothing to resume. */
  readonly cut?: ChaosCut | undefined
}

/** Reads on through a door; starts the stream if nothing was received yet. */
export async function visit({ served, proxy }: Door, before: Received, { enough, cut }: Visit): Promise<Received> {
  const { cursor } = before
  proxy.heal()
  if (cut && cursor !== undefined) proxy.cut(cut)
  const client = await connect(served, proxy.port)
  try {
    const reading = await (cursor === undefined ? client?.start() : client?.attach({ cursor }))
    if (reading) await read(reading, (text) => enough(before.text + text))
    return reading ? received(before, reading) : before
  } catch (error) {
    // The network may break before anything is said. A refusal is no break.
    if (cut === undefined || error instanceof TransportRefusal) throw error
    return before
  } finally {
    client?.drop()
  }
}

async function connect(served: ServedTransport, port: number): Promise<TransportClient | undefined> {
  try {
    return await within(Promise.resolve(served.connect({ credential: ADA, port })), 'a connection')
  } catch (error) {
    if (error instanceof TransportRefusal) throw error
    return undefined
  }
}

async function read(reading: TransportReading, enough: (text: string) => boolean): Promise<void> {
  let over = false
  void reading.over.then(() => (over = true))
  await until(
    () => over || enough(textOf(reading)),
    () => `enough of a text, or its end; heard: ${JSON.stringify(textOf(reading)).slice(-300)}`,
  )
}

/** What was received whole counts, wherever the cut came. */
function received(before: Received, { events }: TransportReading): Received {
  const heard = [...events]
  return {
    text: before.text + textOf({ events: heard }),
    cursor: heard.findLast((event) => event.cursor !== undefined)?.cursor ?? before.cursor,
    ended: heard.some((event) => event.type === 'end'),
    readings: before.readings + (heard.length > 1 ? 1 : 0),
  }
}
