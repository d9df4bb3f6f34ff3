import { createStreamId } from '../events/cursor.ts'
import type { WireFacts, NamedSource, StreamFacts } from '../store/stream-facts.ts'
import { cutEnd } from '../log/end.ts'
import { type Engine, requireAuthority } from './engine.ts'
import { SluiceError } from '../events/errors.ts'
import type { DataEvents } from '../events/event.ts'
import { invalidOption } from '../events/option-rules.ts'
import { type Actor, isName, requireActor, SERVER_OWNER } from '../access/principal.ts'
import { isDeeperThan } from '../events/json/json-depth.ts'
import { MAX_JSON_DEPTH } from '../events/json/json-limits.ts'
import { type Json, jsonOf } from '../events/json.ts'
import { Producer } from '../producer/producer.ts'
import type { Rewrite } from '../source/pump-host.ts'
import type { Source } from '../source/source.ts'
import type { StoredStream } from '../store/store.ts'
import { type ResolvedStreamOptions, resolveStreamOptions, type StreamOptions } from '../store/stream-options.ts'
import { TokenStream, type TokenStreamStart } from './token-stream.ts'
import { chainTransforms } from '../source/transform.ts'

/** Options of `start`; those of the stream may be given too, nearest wins. */
export interface StartOptions extends StreamOptions {
  /** Whose stream this is. Required. */
  as: Actor
  /** The application's name for it: at most one live stream per tenant and key. */
  key?: string | undefined
  /** What to do when the key's stream still runs. Default `attach`. */
  ifRunning?: 'attach' | 'cancel' | 'refuse' | undefined
  /** Small facts, stored with the stream, shown to readers and given to the source. */
  meta?: { readonly [name: string]: Json | undefined } | undefined
  /** The wire it is started on, and what that wire must remember. */
  wire?: { readonly name: string; readonly facts: WireFacts } | undefined
  /** The same key and fingerprint attach to the same stream, also after its end; another fingerprint is refused. */
  idempotency?: { readonly key: string; readonly fingerprint: string } | undefined
  /** Keeps a serverless function alive until the stream is settled. */
  waitUntil?: ((settled: Promise<void>) => void) | undefined
}

const IF_RUNNING: readonly unknown[] = ['attach', 'cancel', 'refuse']
const NO_META: StreamFacts['meta'] = Object.freeze({})
const MAX_KEY_LENGTH = 256
const MAX_META_BYTES = 16 * 1024

/** How long a producer's claim on its stream stands without being renewed. */
const LEASE_MS = 10_000

/** Begins a stream, or joins the one that its key or idempotency key names. */
export async function startStream<Data extends DataEvents>(
  engine: Engine,
  source: Source<Data> | NamedSource,
  options: StartOptions,
): Promise<TokenStream<Data>> {
  const { run, named } = requireSource(engine, source as Source | NamedSource)
  const { as, key, ifRunning = 'attach', meta, wire, idempotency, waitUntil, ...streamOptions } = options
  if (!IF_RUNNING.includes(ifRunning)) throw invalidOption('ifRunning', ifRunning, '"attach", "cancel" or "refuse"')
  const actor = requireActor(as)
  const resolved = resolveStreamOptions(streamOptions, engine.stream)
  const facts: StreamFacts = {
    id: createStreamId(),
    tenant: actor === 'server' ? '' : (actor.tenant ?? ''),
    owner: actor === 'server' ? SERVER_OWNER : actor.owner,
    key: requireKey(key),
    meta: requireMeta(meta),
    wire,
    createdAtMs: Date.now(),
    idempotency: requireIdempotency(idempotency),
    ...(named && { source: named, options: resolved }),
  }
  const release = engine.admission.enter(actor, engine.scheduler.now())
  try {
    // Before the stream exists: what the application's own code throws here must leave nothing behind.
    const rewrite = rewriteFor(engine, facts)
    const stored = await begin(engine, facts, resolved, { actor, ifRunning })
    if (stored.facts.id !== facts.id) {
      release()
      return joined(engine, stored, { afterSeq: stored.log.firstSeq - 1, fromOldest: true, actor })
    }
    // Nothing may come between a stream that has begun and its producer, else.
    if (engine.starts.draining) await refuse(engine, stored)
    const producer = new Producer(engine, stored, { options: resolved, release, rewrite })
    return launch(engine, producer, { run, actor, waitUntil })
  } catch (error) {
    release()
    throw error
  }
}

/** This process began to shut down while the store was asked: what has begun is ended before its source was ever called. */
async function refuse({ starts, store }: Engine, { facts, log }: StoredStream): Promise<void> {
  await store.close(facts, cutEnd(log, 'drain'))
  starts.requireOpen()
}

/** The changes this sluice makes to a stream's events before they are logged. */
export function rewriteFor(engine: Engine, { id, meta }: StreamFacts): Rewrite | undefined {
  return chainTransforms(engine.transforms.map((make) => make({ id, meta })))
}

/** A handle on a stream that exists already. */
export function joined<Data extends DataEvents>(
  engine: Engine,
  stored: StoredStream,
  start: Pick<TokenStreamStart, 'afterSeq' | 'fromOldest' | 'actor'>,
): TokenStream<Data> {
  const producer = engine.producers.get(stored.facts.id)
  return new TokenStream(engine, stored, { ...start, attached: true, producer })
}

function launch<Data extends DataEvents>(
  engine: Engine,
  producer: Producer,
  { run, actor, waitUntil }: { run: Source; actor: Actor; waitUntil: StartOptions['waitUntil'] },
): TokenStream<Data> {
  const { stored } = producer
  engine.producers.set(stored.facts.id, producer)
  engine.observers.notify('started', stored.facts)
  try {
    waitUntil?.(producer.settled())
  } catch (error) {
    engine.observers.notify('failed', stored.facts, { where: 'waitUntil', error })
  }
  producer.run(run)
  return new TokenStream(engine, stored, { afterSeq: 0, attached: false, producer, actor })
}

async function begin(
  engine: Engine,
  facts: StreamFacts,
  { retentionBytes, retentionMs, windowBytes, durability }: ResolvedStreamOptions,
  asked: { actor: Actor; ifRunning: 'attach' | 'cancel' | 'refuse' },
): Promise<StoredStream> {
  for (;;) {
    const keeping = { retentionBytes, retentionMs, leaseMs: LEASE_MS, windowBytes, durability }
    const begun = await engine.store.begin(facts, keeping)
    if (begun.is === 'new') return begun.stream
    if (begun.is === 'mismatch') {
      throw new SluiceError(
        'SLUICE_ERR_IDEMPOTENCY_MISMATCH',
        'This Idempotency-Key was used with another request; use a new key, or repeat the same request.',
      )
    }
    if (begun.is === 'repeated') return readable(engine, begun.stream)
    await requireAuthority(engine, asked.actor, begun.stream.facts, asked.ifRunning === 'cancel' ? 'cancel' : 'attach')
    if (asked.ifRunning === 'attach') return readable(engine, begun.stream)
    if (asked.ifRunning === 'refuse') {
      throw new SluiceError(
        'SLUICE_ERR_KEY_RUNNING',
        'A stream with this key is running; attach to it, cancel it, or wait.',
      )
    }
    await engine.store.close(begun.stream.facts, cutEnd(begun.stream.log, 'replaced'))
  }
}

/** What was found in the way of a start, with its events. */
async function readable(engine: Engine, { facts }: StoredStream): Promise<StoredStream> {
  const found = await engine.store.find(facts, 'read')
  if (found.is === 'stream') return found.stream
  throw new SluiceError('SLUICE_ERR_GONE', 'The stream that this start repeats is not kept any more.')
}

function requireSource(engine: Engine, source: Source | NamedSource): { run: Source; named?: NamedSource | undefined } {
  if (typeof source === 'function') return { run: source }
  const run = typeof source === 'object' && source !== null ? engine.sources.get(source.name) : undefined
  const input = run && jsonOf(source.input ?? null)
  if (run && input !== undefined) {
    // A copy: what the caller does with its object later is not what the source was given.
    const copy = source.input === undefined ? undefined : (JSON.parse(input) as Json)
    if (isDeeperThan(copy, MAX_JSON_DEPTH))
      throw invalidOption('source.input', source.input, `JSON of at most ${MAX_JSON_DEPTH} levels`)
    return { run, named: { name: source.name, input: copy } }
  }
  throw invalidOption(
    'source',
    source,
    'a function that returns an iterable (a bare iterable has no signal and is already running), or { name, input } of one of the `sources` of createSluice',
  )
}

function requireKey(key: unknown): string | undefined {
  if (key === undefined) return undefined
  if (isName(key) && key.length > 0 && key.length <= MAX_KEY_LENGTH) return key
  throw invalidOption('key', key, `a string of 1 to ${MAX_KEY_LENGTH} characters, without halves of surrogate pairs`)
}

function requireIdempotency(idempotency: StartOptions['idempotency']): StartOptions['idempotency'] {
  if (idempotency === undefined) return undefined
  const { key, fingerprint } = idempotency
  if (isName(key) && key !== '' && isName(fingerprint)) return idempotency
  throw invalidOption('idempotency', idempotency, 'a key and a fingerprint, texts without halves of surrogate pairs')
}

function requireMeta(meta: StartOptions['meta']): StreamFacts['meta'] {
  if (meta === undefined) return NO_META
  const text = typeof meta === 'object' && meta !== null && !Array.isArray(meta) ? jsonOf(meta) : undefined
  // A copy: what the caller does with its object later is not what was stored.
  const copy = text !== undefined && text.length <= MAX_META_BYTES && (JSON.parse(text) as StreamFacts['meta'])
  if (copy && !isDeeperThan(copy, MAX_JSON_DEPTH)) return copy
  const rule = `an object of at most ${MAX_META_BYTES} characters of JSON and ${MAX_JSON_DEPTH} levels`
  throw invalidOption('meta', meta, rule)
}
