import {
  createSluice,
  type LimitOptions,
  type Principal,
  type ReaderOptions,
  type Sluice,
  type Store,
  type StreamOptions,
} from '@sluice/core'
import { type ChaosProxy, startChaosProxy } from '@sluice/testing/chaos-proxy'
import { onTestFinished } from 'vitest'

import { until } from '@sluice/testing/patience'
import type { ServedTransport, TransportClient, TransportDriver, TransportReading, TransportStores } from './driver.ts'
import { idOf } from './reading.ts'
import { Script } from './script.ts'

/** Nothing in a case takes longer by itself. */
export const HOUR_MS = 3_600_000

/** What a case wants otherwise than by default. */
export interface SceneOptions {
  readonly stream?: StreamOptions
  readonly reader?: ReaderOptions
  readonly pingMs?: number | undefined
}

/** The stream of a scene, and the reading it was started with. */
interface Begun {
  readonly client: TransportClient
  readonly reading: TransportReading
  readonly id: string
}

/** A transport between a source and its readers: started at one instance, attached to at the same or at another. */
export interface TransportScene {
  /** What the stream says; there is one in a scene. */
  readonly script: Script
  /** Where streams are started. */
  readonly sluice: Sluice
  /** Where they are attached to. */
  readonly other: Sluice
  /** The stores of the two. */
  readonly store: Store
  readonly otherStore: Store
  readonly served: ServedTransport
  readonly otherServed: ServedTransport
  /** A client of the instance where streams are started. */
  readonly producing: (credential?: string) => Promise<TransportClient>
  /** A client of the instance where streams are attached to. */
  readonly attaching: (credential?: string) => Promise<TransportClient>
  /** A client of that instance, and a network between them that a case may break. */
  readonly attachingThrough: () => Promise<{ client: TransportClient; proxy: ChaosProxy }>
  /** Starts the stream over the transport, with its first words. */
  readonly begin: (...words: string[]) => Promise<Begun>
  /** Starts the stream with nobody to read it. */
  readonly startUnread: (...words: string[]) => Promise<string>
  /** Waits until its producer knows that somebody reads the stream: until then nobody holds its source back. */
  readonly attended: (id: string) => Promise<void>
}

/** Who shows a credential: `owner`, or `tenant.owner`; `stranger` is nobody's. */
export function identify(credential: string | undefined): Principal | undefined {
  if (credential === undefined || credential === 'stranger') return undefined
  const [owner = '', tenant = ''] = credential.split('.').toReversed()
  return { owner, tenant }
}

export const ADA = 'ada'
/** A case starts many streams, and means no flood. */
const LIMITS: LimitOptions = { startsPerSecond: 1_000, startBurst: 1_000, streamsPerOwner: 1_000 }
/** Heartbeats, stalls and graces come when a case asks for them, and then they must not race with anything. */
const CALM = {
  reader: { heartbeatMs: HOUR_MS, stallMs: HOUR_MS, closeGraceMs: 10_000 },
  stream: {
    openAfterMs: 10,
    onDisconnect: 'continue',
    deadlines: { firstTokenMs: false, idleMs: false, totalMs: false },
  },
} as const

/** Waits until the instance that is attached to has everything up to `seq`. */
export async function storedUpTo({ other }: TransportScene, id: string, seq: number): Promise<void> {
  await until(async () => {
    const { cursor } = await other.info({ id }, { as: 'server' })
    return cursor.endsWith(`.${seq}`)
  }, `everything up to ${seq}`)
}

/** A sluice in which nothing happens by itself but what a case asks for. */
export function createCalmSluice(store: Store, { reader, stream }: SceneOptions = {}): Sluice {
  return createSluice({
    store,
    limits: LIMITS,
    reader: { ...CALM.reader, ...reader },
    stream: { ...CALM.stream, ...stream },
  })
}

/** Opens a scene that is cleaned up when its test is over. */
export async function openScene(
  driver: TransportDriver,
  stores: TransportStores,
  options: SceneOptions = {},
): Promise<TransportScene> {
  const cleanups: (() => unknown)[] = []
  onTestFinished(async () => {
    for (const cleanup of cleanups.toReversed()) await cleanup()
  })
  const script = new Script()
  const host = async (store: Store): Promise<{ sluice: Sluice; served: ServedTransport }> => {
    const sluice = createCalmSluice(store, options)
    const served = await driver.serve({
      sluice,
      identify,
      run: () => script.source,
      pingMs: options.pingMs ?? HOUR_MS,
    })
    cleanups.push(
      () => store.dispose(),
      () => sluice.drain({ withinMs: 0 }),
      () => served.close(),
    )
    return { sluice, served }
  }
  const store = await stores.create()
  const otherStore = (await stores.another?.(store)) ?? store
  const { sluice, served } = await host(store)
  const { sluice: other, served: otherServed } = otherStore === store ? { sluice, served } : await host(otherStore)
  const connect = async (to: ServedTransport, credential = ADA, port?: number): Promise<TransportClient> => {
    const client = await to.connect({ credential, port })
    cleanups.push(() => client.drop())
    return client
  }
  const scene: TransportScene = {
    script,
    sluice,
    other,
    store,
    otherStore,
    served,
    otherServed,
    producing: (credential) => connect(served, credential),
    attaching: (credential) => connect(otherServed, credential),
    async attachingThrough() {
      const proxy = await startChaosProxy({ target: { port: otherServed.port } })
      cleanups.push(() => proxy.close())
      return { client: await connect(otherServed, ADA, proxy.port), proxy }
    },
    async begin(...words) {
      script.say(...words)
      const client = await scene.producing()
      const reading = await client.start()
      return { client, reading, id: idOf(reading) }
    },
    async startUnread(...words) {
      script.say(...words)
      return (await sluice.start(script.source, { as: { owner: ADA, tenant: '' } })).id
    },
    async attended(id) {
      const found = await store.find({ tenant: '', id })
      if (found.is === 'stream') await until(() => found.stream.log.attended, 'the producer knows of a reader')
    },
  }
  return scene
}
