import { isStreamId, type StreamName } from '@sluice/core/extend'

import { foreign } from './foreign.ts'
import { requireUtf8 } from './stored-json.ts'

import { NOTICES } from './channel-mode.ts'

/** Keys and channels of one store. All keys of a stream share a hash tag, so that a cluster keeps them on one node. */
export class Keys {
  readonly #prefix: string

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  meta(stream: StreamName): string {
    return `${this.#prefix}{${scoped(stream.tenant, stream.id)}}`
  }

  log(stream: StreamName): string {
    return `${this.meta(stream)}:log`
  }

  /** Reports of the instances that have readers, and how far those are. */
  readers(stream: StreamName): string {
    return `${this.meta(stream)}:readers`
  }

  inbox(stream: StreamName): string {
    return `${this.meta(stream)}:inbox`
  }

  grants(stream: StreamName): string {
    return `${this.meta(stream)}:grants`
  }

  /** All keys of a stream. */
  all(stream: StreamName): string[] {
    return [this.meta(stream), this.log(stream), this.readers(stream), this.inbox(stream), this.grants(stream)]
  }

  /** The channel on which a stream's entries are published. */
  channel(stream: StreamName): string {
    return this.log(stream)
  }

  /** The channel on which the producer of a stream receives notices where channels are sharded. */
  notices(stream: StreamName): string {
    return this.meta(stream) + NOTICES
  }

  /** The pointer from an application's key to its stream. */
  key(tenant: string, key: string): string {
    return `${this.#prefix}key:{${scoped(tenant, key)}}`
  }

  /** The pointer from an idempotency key to its stream. */
  repeat(tenant: string, owner: string, key: string): string {
    return `${this.#prefix}repeat:{${scoped(tenant, scoped(owner, key))}}`
  }

  /** A value that processes have agreed on. */
  agreed(name: string): string {
    return `${this.#prefix}agreed:{${name}}`
  }

  /** Begins the channels of instances. */
  get instances(): string {
    return `${this.#prefix}instance:`
  }

  /** The channel on which an instance receives notices about the streams it produces. */
  instance(instance: string): string {
    return `${this.instances}${instance}`
  }

  /** A place for what an instance tries at its start, and where channels are sharded the channel on which it hears itself. */
  check(instance: string): string {
    return `${this.#prefix}check:{${instance}}`
  }

  /** Streams that are watched, by the time of their next check. */
  get watched(): string {
    return `${this.#prefix}watched`
  }
}

/** Two words as one; the length makes `a:b` + `c` differ from `a` + `b:c`. */
export function scoped(tenant: string, rest: string): string {
  return `${tenant.length}:${tenant}:${rest}`
}

/** The stream whose name {@link scoped} made. @throws SluiceError `SLUICE_ERR_STORE` for a name that it did not make */
export function unscoped(text: string): StreamName {
  const what = 'The name of a stream'
  requireUtf8(text, what)
  const colon = text.indexOf(':')
  const length = Number(text.slice(0, colon))
  const name = { tenant: text.slice(colon + 1, colon + 1 + length), id: text.slice(colon + length + 2) }
  if (colon > 0 && isStreamId(name.id) && scoped(name.tenant, name.id) === text) return name
  throw foreign(what, 'its parts are not as long as it says')
}
