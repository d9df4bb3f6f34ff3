import { Admission, type LimitOptions, resolveLimitOptions } from '../access/admission.ts'
import { Bodies } from '../access/bodies.ts'
import { type BodyOptions, resolveBodyOptions } from '../access/body-options.ts'
import { type ErrorFor, maskError } from '../log/end.ts'
import { type Engine, explainWith } from './engine.ts'
import { ExpectedReaders } from '../reader/expected-readers.ts'
import { Scheduler } from '../clock/scheduler.ts'
import { Starts } from '../access/starts.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { type Observer, Observers } from '../observe/observer.ts'
import { invalidOption, requireKnownNames } from '../events/option-rules.ts'
import { type Authorize, authorizeOwner } from '../access/principal.ts'
import { type ReaderOptions, resolveReaderOptions } from '../reader/options.ts'
import { createSystemRuntime, type Runtime } from '../clock/runtime.ts'
import type { Settle } from '../producer/producer-context.ts'
import type { Source } from '../source/source.ts'
import type { Store } from '../store/store.ts'
import { resolveStreamOptions, type StreamOptions } from '../store/stream-options.ts'
import type { Transform } from '../source/transform.ts'

/** Options of `createSluice`. Everything has a default. */
export interface SluiceOptions {
  /** Where streams are kept. Default: this process's memory. */
  store?: Store | undefined
  /** How streams are produced and kept. */
  stream?: StreamOptions | undefined
  /** How readers are served. */
  reader?: ReaderOptions | undefined
  /** How much may run. */
  limits?: LimitOptions | undefined
  /** How the bodies of requests are received. */
  bodies?: BodyOptions | undefined
  /** Who may do what. Default: the same tenant and owner. */
  authorize?: Authorize | undefined
  /** Change events before they are logged. */
  transforms?: readonly Transform[] | undefined
  /**
   * Sources by name, the same on every instance: a stream that is started as `{ name, input }` is gone on with elsewhere
   * when its producer dies, given the text so far as `prefix`.
   */
  sources?: { readonly [name: string]: Source } | undefined
  /** Runs after each stream's end, at least once. */
  settle?: Settle | undefined
  /** What readers are told of an error. Default: {@link maskError}. */
  errorFor?: ErrorFor | undefined
  /** Are told what happens. */
  observers?: readonly Observer[] | undefined
  /** Clock, end of turn and timers. Default: the host's. */
  runtime?: Runtime | undefined
}

const NAMES = [
  'store',
  'stream',
  'reader',
  'limits',
  'bodies',
  'authorize',
  'transforms',
  'sources',
  'settle',
  'errorFor',
  'observers',
  'runtime',
]

/** Checks `options` and makes what the parts of a sluice share. */
export function createEngine(options: SluiceOptions): Engine {
  requireKnownNames('', options, NAMES)
  // `store: undefined` written out is a connection that was forgotten, not a wish for memory.
  if ('store' in options && options.store === undefined) {
    throw invalidOption('store', undefined, 'a store; leave the option out to keep streams in memory')
  }
  for (const name of ['authorize', 'settle', 'errorFor'] as const) {
    if (options[name] !== undefined && typeof options[name] !== 'function')
      throw invalidOption(name, options[name], 'a function')
  }
  requireShape('store', options.store, ['begin', 'find', 'close'])
  requireShape('runtime', options.runtime, ['now', 'defer', 'after'])
  requireList('observers', options.observers, 'object')
  requireList('transforms', options.transforms, 'function')
  const runtime = options.runtime ?? createSystemRuntime()
  const limits = resolveLimitOptions(options.limits)
  const scheduler = new Scheduler(runtime)
  return {
    scheduler,
    store: options.store ?? createMemoryStore({ runtime }),
    stream: resolveStreamOptions(options.stream),
    reader: resolveReaderOptions(options.reader),
    limits,
    admission: new Admission(limits),
    bodies: new Bodies(scheduler, resolveBodyOptions(options.bodies)),
    observers: new Observers(options.observers ?? []),
    transforms: options.transforms ?? [],
    settle: options.settle,
    sources: requireSources(options.sources),
    authorize: options.authorize ?? authorizeOwner,
    producers: new Map(),
    deliveries: new Map(),
    expected: new ExpectedReaders(scheduler, limits.readersPerStream),
    starts: new Starts(),
    explain: explainWith(options.errorFor ?? maskError),
  }
}

function requireSources(sources: SluiceOptions['sources']): ReadonlyMap<string, Source> {
  const entries = Object.entries(sources ?? {})
  const wrong = entries.find(([, source]) => typeof source !== 'function')
  if (wrong) throw invalidOption(`sources.${wrong[0]}`, wrong[1], 'a source function')
  return new Map(entries)
}

function requireShape(name: string, value: unknown, methods: readonly string[]): void {
  if (value === undefined) return
  const object = value as Record<string, unknown> | null
  if (typeof object === 'object' && object !== null && methods.every((method) => typeof object[method] === 'function'))
    return
  throw invalidOption(name, value, `an object with the methods ${methods.join(', ')}`)
}

function requireList(name: string, value: unknown, kind: 'object' | 'function'): void {
  if (value === undefined) return
  if (Array.isArray(value) && value.every((item) => typeof item === kind && item !== null)) return
  throw invalidOption(name, value, `an array of ${kind}s`)
}
