import {
  createSluice,
  createSystemRuntime,
  type Runtime,
  type Sluice,
  type Source,
  type TokenStream,
} from '@sluice/core'
import { formatCursor, parseCursor } from '@sluice/core/extend'
import { redisStore } from '@sluice/redis'
import { nativeSse } from '@sluice/sse'
import { createCollectingSink } from '@sluice/testing'
import { type RedisServer, startRedisServer } from '@sluice/testing/redis'
import { Redis } from 'ioredis'
import { until } from '@sluice/testing/patience'
import { afterAll, beforeAll } from 'vitest'

import { type EventScript, eventScripts, scriptNamed, sourceOf } from '../../conformance/test/bytes/event-scripts.ts'
import { factsOf, startScript } from '../../conformance/test/bytes/played-stream.ts'
import { describeRecorded } from '../../conformance/test/bytes/recorded-vectors.ts'
import { SCRIPTS } from '../src/protocol/scripts.ts'
import { normalise, readKeys } from './stored-keys.ts'

const ADA = { owner: 'ada', tenant: 'acme' }
const WIRE = { name: 'openai.chat' }

let server: RedisServer
beforeAll(async () => (server = await startRedisServer()))
afterAll(() => server.close())

async function hasKeys(pattern: string): Promise<boolean> {
  return ((await server.command('KEYS', pattern)) as string[]).length > 0
}

/** Time stands: nothing is renewed, swept or said again, however long a test takes. */
const runtime: Runtime = { ...createSystemRuntime(), now: () => 0, after: () => () => {} }

/** A process of its own, as far as Redis can see. */
function startInstance(sources: Record<string, Source> = {}): { sluice: Sluice } & Disposable {
  const store = redisStore({ url: server.url, onWarning: () => undefined }, runtime)
  return { sluice: createSluice({ store, sources, runtime }), [Symbol.dispose]: () => void store.dispose() }
}

/** Of the last event that the store has acknowledged. */
function seqOf(stream: TokenStream): number {
  return parseCursor(stream.cursor).seq
}

/** A script whose source begins a turn once the turn before is stored, so that each turn is one entry. */
class StoredTurns {
  /** Its cursor shows what is stored. */
  stream: TokenStream | undefined
  /** Turns that may be played. */
  allowed = Infinity
  readonly source: Source
  readonly #seqs: readonly number[]

  private constructor(script: EventScript, seqs: readonly number[]) {
    this.#seqs = seqs
    this.source = sourceOf(
      script,
      async (turn) => void (await until(() => turn < this.allowed && this.hasStored(turn))),
    )
  }

  static async of(script: EventScript): Promise<StoredTurns> {
    const { stream, playTurn } = await startScript(script, WIRE)
    const seqs = [0]
    for (const _ of script.turns) {
      await playTurn()
      seqs.push(seqOf(stream))
    }
    return new StoredTurns(script, seqs)
  }

  hasStored(turns: number): boolean {
    return this.stream !== undefined && seqOf(this.stream) === this.#seqs[turns]
  }
}

function optionsOf(script: EventScript) {
  const facts = factsOf(script)
  const wire = facts && { ...WIRE, facts }
  return { as: ADA, key: 'chat', meta: { title: 'A "vector"' }, wire, idempotency: { key: 'once', fingerprint: 'f' } }
}

/** What is stored of a script once it has ended and nobody looks after it any more. */
async function storeScript(script: EventScript): Promise<unknown> {
  await server.command('FLUSHALL')
  using instance = startInstance()
  const played = await StoredTurns.of(script)
  const stream = (played.stream = await instance.sluice.start(played.source, optionsOf(script)))
  if (script.cancelled) {
    await until(() => played.hasStored(script.turns.length))
    await stream.cancel()
  }
  await stream.ended
  await until(async () => !(await hasKeys('sluice:watched')))
  return readKeys(server, stream.id)
}

/** What is stored of calls of tools when Redis has had no room for all of it. */
async function storeTrimmed(): Promise<unknown> {
  await server.command('FLUSHALL')
  using instance = startInstance()
  const script = scriptNamed('tools')
  const played = await StoredTurns.of(script)
  const turns = (played.allowed = script.turns.length - 1)
  const stream = (played.stream = await instance.sluice.start(played.source, optionsOf(script)))
  await until(() => played.hasStored(turns))
  const meta = `sluice:{4:acme:${stream.id}}`
  await server.command('EVAL', SCRIPTS.trim.lua, '2', meta, `${meta}:log`, '1', 'id')
  const trimmed = await readKeys(server, stream.id)
  await stream.cancel()
  return trimmed
}

/** A stream of a named source; in another process its reader, credit and message, then its cancellation and erasure. */
async function storeShared(): Promise<unknown> {
  await server.command('FLUSHALL')
  const listener = new Redis(server.url)
  const published: string[] = []
  listener.on('pmessage', (_, channel: string, message: string) => published.push(`${channel} ${message}`))
  await listener.psubscribe('*')
  const script = scriptNamed('text')
  const played = await StoredTurns.of(script)
  played.allowed = 0
  using here = startInstance({ scripted: played.source })
  using there = startInstance()
  const heard = (part: string): boolean => published.some((line) => line.includes(part))
  try {
    const named = { name: 'scripted', input: { prompt: 'Hi' } }
    const stream = await here.sluice.start(named, { ...optionsOf(script), onDisconnect: 'continue' })
    const { id } = (played.stream = stream)
    await until(() => hasKeys('sluice:watched'))
    const begun = await readKeys(server, id)

    played.allowed = 1
    await until(() => played.hasStored(1))
    const cursor = formatCursor(id, 1, 1)
    const reading = await there.sluice.attach({ cursor }, { as: ADA })
    reading.deliver(createCollectingSink(), { wire: nativeSse, name: 'reader-1', credit: 1 })
    await there.sluice.ack({ cursor }, { as: ADA, reader: 'reader-1', credit: 7 })
    await there.sluice.send({ id }, { more: ['please'] }, { as: ADA })
    await until(async () => heard('"readers"') && !(await hasKeys('*:inbox')))
    const read = await readKeys(server, id)

    await there.sluice.cancel({ id }, { as: ADA })
    await stream.ended
    await until(async () => !(await hasKeys('sluice:watched')))
    const cancelled = await readKeys(server, id)

    await there.sluice.erase({ id }, { as: ADA })
    const erased = await readKeys(server, id)
    await until(() => heard('"erased"'))
    // What a process says to itself is nobody else's, and said whenever it wants to know.
    const messages = published.filter((line) => !line.includes(' word:')).map((line) => normalise(line, id))
    return { begun, read, cancelled, erased, messages: messages.toSorted() }
  } finally {
    listener.disconnect()
  }
}

describeRecorded(
  'redis',
  new Map([
    ...eventScripts.map((script) => [script.name, () => storeScript(script)] as const),
    ['tools, the older half trimmed', storeTrimmed] as const,
    ['in two processes', storeShared] as const,
  ]),
)
