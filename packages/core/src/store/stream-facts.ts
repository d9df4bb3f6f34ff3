import type { StreamIdentity } from '../access/principal.ts'
import type { EndEvent } from '../events/event.ts'
import type { Json } from '../events/json.ts'
import type { ResolvedStreamOptions } from './stream-options.ts'

/** What is stored with a stream when it begins, and never changes. */
export interface StreamFacts extends StreamIdentity {
  readonly meta: { readonly [name: string]: Json | undefined }
  /** The wire it was started on, and what that wire needs to encode it identically anywhere. */
  readonly wire: { readonly name: string; readonly facts: WireFacts } | undefined
  /** Wall-clock time of the start, in milliseconds since 1970. */
  readonly createdAtMs: number
  readonly idempotency: { readonly key: string; readonly fingerprint: string } | undefined
  /** The source, by the name it has on every instance, and its input: what another instance needs to go on. */
  readonly source?: NamedSource | undefined
  /** How it is produced, for whoever takes it over. */
  readonly options?: ResolvedStreamOptions | undefined
}

/** A source that is registered by name on every instance, and what it is given. */
export interface NamedSource {
  readonly name: string
  readonly input?: Json | undefined
  /** A function has a name as well, and is none of these. */
  readonly call?: never
}

/** What a wire stores with a stream. */
export interface WireFacts {
  readonly [name: string]: string | number | boolean | null | undefined
}

/** What is left of a stream that was erased, evicted or has expired. */
export interface Tombstone {
  readonly facts: StreamIdentity
  readonly epoch: number
  readonly seq: number
  readonly end: EndEvent | undefined
}
