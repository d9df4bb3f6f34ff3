import type {
  ClaimOptions,
  DocumentBound,
  DocumentName,
  DocumentWrite,
  ListOptions,
  StoredDocument,
  Written,
} from '../../../src/index.ts'

interface ModelDocument {
  stored: StoredDocument
  dueAtMs: number
  forgetAtMs: number
  held: boolean
}

/** What a store of documents is, as plainly as it can be said: one list, looked through from the beginning. */
export class ModelDocuments {
  nowMs = 0
  /** What the store's clock said at 0; `undefined`: nothing was written yet. */
  #beganAtMs: number | undefined
  readonly #isExact: boolean
  #documents: ModelDocument[] = []

  /** `isExact: false`: time stands still here, and does not in the store. */
  constructor(isExact: boolean) {
    this.#isExact = isExact
  }

  read({ kind, id }: DocumentName): StoredDocument | undefined {
    return this.#find(kind, id)?.stored
  }

  write(writes: readonly DocumentWrite[], bounds: readonly DocumentBound[]): Written {
    if (writes.some(({ kind, id, after }) => (this.#find(kind, id)?.stored.version ?? 0) !== after))
      return { is: 'conflict' }
    const before = this.#documents
    this.#documents = writes.reduce((documents, write) => this.#written(documents, write), before)
    const bound = bounds.find(({ kind, scope, state, atMost }) => this.count(kind, { scope, state }) > atMost)
    if (!bound) return { is: 'ok' }
    this.#documents = before
    return { is: 'full', bound }
  }

  list({ kind, scope, state, after, limit }: ListOptions): { documents: StoredDocument[]; more: boolean } {
    const all = this.#there()
      .map(({ stored }) => stored)
      .filter((stored) => stored.kind === kind && stored.scope === scope)
      .toSorted((one, other) => other.createdAtMs - one.createdAtMs || (one.id < other.id ? 1 : -1))
    const rest = all
      .slice(all.findIndex(({ id }) => id === after) + 1)
      .filter((stored) => state === undefined || stored.state === state)
    return { documents: rest.slice(0, limit), more: rest.length > limit }
  }

  count(kind: string, { scope, state }: { scope?: string | undefined; state: string }): number {
    return this.#there().filter(
      ({ stored }) => stored.kind === kind && stored.state === state && (scope === undefined || stored.scope === scope),
    ).length
  }

  /** Does the claim that the store has answered so; gives what is wrong with the answer. */
  claim(options: ClaimOptions, answer: readonly StoredDocument[]): string | undefined {
    for (const given of answer) {
      const could = this.#claimable(options)
      const one = could.find(({ stored }) => stored.id === given.id)
      if (!one) return `${given.id} could not be claimed`
      const isBefore = could.find((other) => options.olderThanMs === undefined && this.#isBefore(other, one))
      if (isBefore) return `${isBefore.stored.id} comes before ${given.id}`
      one.stored = { ...one.stored, state: options.to, lease: one.stored.lease + 1 }
      one.dueAtMs = this.nowMs + options.leaseMs
      one.held = true
      if (JSON.stringify(one.stored) !== JSON.stringify(inOrder(given))) return `${given.id} is not as it is kept`
    }
    const left =
      answer.length < options.limit &&
      this.#claimable(options).find(({ stored }) => !answer.some(({ id }) => id === stored.id))
    return left ? `${left.stored.id} was not claimed` : undefined
  }

  renew({ kind, id }: DocumentName, lease: number, leaseMs: number): boolean {
    const document = this.#find(kind, id)
    if (!document?.held || document.stored.lease !== lease) return false
    document.dueAtMs = this.nowMs + leaseMs
    return true
  }

  nextDueInMs(kind: string, states: readonly string[]): number | undefined {
    const times = this.#there()
      .filter(({ stored }) => stored.kind === kind && states.includes(stored.state))
      .map(({ dueAtMs }) => dueAtMs)
    const atMs = Math.min(...times)
    return atMs === Infinity ? undefined : Math.max(0, atMs - this.nowMs)
  }

  /** When a document was written first is the store's to say. */
  created({ kind, id, createdAtMs }: StoredDocument): void {
    const document = this.#find(kind, id)!
    this.#beganAtMs ??= createdAtMs - this.nowMs
    document.stored = { ...document.stored, createdAtMs }
  }

  #there(): ModelDocument[] {
    return this.#documents.filter(({ forgetAtMs }) => forgetAtMs > this.nowMs)
  }

  #find(kind: string, id: string): ModelDocument | undefined {
    return this.#there().find(({ stored }) => stored.kind === kind && stored.id === id)
  }

  #written(
    documents: ModelDocument[],
    { kind, id, value, place, dueInMs, forgetInMs }: DocumentWrite,
  ): ModelDocument[] {
    const found = this.#find(kind, id)
    const others = documents.filter(({ stored }) => stored.kind !== kind || stored.id !== id)
    if (value === undefined) return others
    const { scope, state, priority = 0 } = place!
    const { version, lease, createdAtMs } = found?.stored ?? { version: 0, lease: 0, createdAtMs: this.nowMs }
    const stored = { kind, id, scope, state, priority, version: version + 1, lease, value, createdAtMs }
    const held = found !== undefined && found.held && found.stored.state === state && dueInMs !== undefined
    const [dueAtMs, forgetAtMs] = [dueInMs, forgetInMs].map((ms) => (ms === undefined ? Infinity : this.nowMs + ms))
    return [...others, { stored, held, dueAtMs: dueAtMs!, forgetAtMs: forgetAtMs! }]
  }

  #claimable({ kind, from, to, id, perScope = Infinity, olderThanMs }: ClaimOptions): ModelDocument[] {
    return this.#there().filter(({ stored, held, dueAtMs }) => {
      if (stored.kind !== kind || !from.includes(stored.state) || (id !== undefined && stored.id !== id)) return false
      if (stored.state !== to && this.count(kind, { scope: stored.scope, state: to }) >= perScope) return false
      const isDue = dueAtMs <= this.nowMs
      if (olderThanMs === undefined) return isDue
      return this.#ageMs(stored) >= olderThanMs && (isDue || !held)
    })
  }

  /** How long ago it was written first. */
  #ageMs({ createdAtMs }: StoredDocument): number {
    return this.#isExact ? this.nowMs - (createdAtMs - this.#beganAtMs!) : 0
  }

  #isBefore(one: ModelDocument, other: ModelDocument): boolean {
    const higher = (one.stored.priority ?? 0) - (other.stored.priority ?? 0)
    return higher === 0 ? one.dueAtMs < other.dueAtMs : higher > 0
  }
}

/** The members of a document as the model has them. */
export function inOrder(stored: StoredDocument): StoredDocument {
  const { kind, id, scope, state, priority, version, lease, value, createdAtMs } = stored
  return { kind, id, scope, state, priority, version, lease, value, createdAtMs }
}
