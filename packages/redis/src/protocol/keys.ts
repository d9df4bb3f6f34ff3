import type { StreamName } from '@sluice/core'

/** Keys and channels of one store; all keys of a stream share a hash tag, so that they live together in a cluster. */
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

  /** Which instances have readers, and how far those are. */
  readers(stream: StreamName): string {
    return `${this.meta(stream)}:readers`
  }

  inbox(stream: StreamName): string {
    return `${this.meta(stream)}:inbox`
  }

  grants(stream: StreamName): string {
    return `${this.meta(stream)}:grants`
  }

  /** Where a stream's entries are told. */
  channel(stream: StreamName): string {
    return this.log(stream)
  }

  /** Points from an application's key to its stream. */
  key(tenant: string, key: string): string {
    return `${this.#prefix}key:{${scoped(tenant, key)}}`
  }

  /** Points from an idempotency key to its stream. */
  repeat(tenant: string, owner: string, key: string): string {
    return `${this.#prefix}repeat:{${scoped(tenant, scoped(owner, key))}}`
  }

  /** Where an instance is told what concerns the streams it produces. */
  get instances(): string {
    return `${this.#prefix}instance:`
  }

  instance(instance: string): string {
    return `${this.instances}${instance}`
  }

  /** Streams that somebody must look after, by the time of the next look. */
  get watched(): string {
    return `${this.#prefix}watched`
  }
}

/** Two words as one; the length makes `a:b` + `c` differ from `a` + `b:c`. */
export function scoped(tenant: string, rest: string): string {
  return `${tenant.length}:${tenant}:${rest}`
}

/** The tenant and the rest of what {@link scoped} made. */
export function unscoped(text: string): StreamName {
  const colon = text.indexOf(':')
  const length = Number(text.slice(0, colon))
  return { tenant: text.slice(colon + 1, colon + 1 + length), id: text.slice(colon + length + 2) }
}
