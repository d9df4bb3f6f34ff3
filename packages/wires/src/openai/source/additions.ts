/**
 * What sluice adds to a client's request: `usage` asks for token counts (`stream_options.include_usage`), `stream` for a
 * stream where the client wants one body.
 */
export type Addition = 'usage' | 'stream'

/** How long a refusal is remembered: a backend may learn what it did not know. */
const REFUSED_FOR_MS = 3_600_000
const MAX_REMEMBERED = 1_000
const MAX_NAME_CHARS = 512

interface Manners {
  readonly accepted: Set<Addition>
  /** When each was refused, in milliseconds since 1970. */
  readonly refusedAtMs: Map<Addition, number>
}

/** Remembers which additions the models of backends take, of those asked lately. */
export class AdditionMemory {
  /** The one asked last stands last. */
  readonly #models: Map<string, Manners> = new Map()

  /** What is known of one model of one backend. */
  of(url: string, model: unknown): KnownAdditions {
    const name = `${url} ${typeof model === 'string' ? model.slice(0, MAX_NAME_CHARS) : ''}`
    const manners = this.#models.get(name)
    if (manners) this.#models.delete(name)
    const kept: Manners = manners ?? { accepted: new Set(), refusedAtMs: new Map() }
    this.#models.set(name, kept)
    const [oldest] = this.#models.keys()
    if (this.#models.size > MAX_REMEMBERED && oldest !== undefined) this.#models.delete(oldest)
    return new KnownAdditions(kept)
  }
}

/** What is known of how one model takes additions. */
export class KnownAdditions {
  readonly #manners: Manners

  constructor(manners: Manners) {
    this.#manners = manners
  }

  isRefused(addition: Addition): boolean {
    const atMs = this.#manners.refusedAtMs.get(addition)
    return atMs !== undefined && Date.now() - atMs < REFUSED_FOR_MS
  }

  isAccepted(addition: Addition): boolean {
    return this.#manners.accepted.has(addition)
  }

  accept(addition: Addition): void {
    this.#manners.accepted.add(addition)
    this.#manners.refusedAtMs.delete(addition)
  }

  refuse(addition: Addition): void {
    this.#manners.accepted.delete(addition)
    this.#manners.refusedAtMs.set(addition, Date.now())
  }
}

/** Statuses that say nothing of the request's members: who asks, how often, how long it took. */
const OTHER_STATUSES: ReadonlySet<number> = new Set([401, 402, 408, 413, 425, 429])
/** What a backend says of a member that it does not know, where it does not name it. */
const UNKNOWN_MEMBER =
  /\b(?:extra|unknown|unexpected|unrecogni[sz]ed|unsupported|additional|undefined|invalid request)\b|not (?:permitted|allowed|supported)/i

/**
 * Which of the additions a refusal is about: one that it names, else the one to be left out first where it gives no other
 * reason; none when the refusal is of something else, and asking again would be asking the same.
 */
export function blamedAddition(
  { status, text }: { status: number; text: string },
  sent: ReadonlySet<Addition>,
  known: KnownAdditions,
): Addition | undefined {
  if (status < 400 || OTHER_STATUSES.has(status)) return undefined
  if (sent.has('usage') && /stream_?options|include_?usage/i.test(text)) return 'usage'
  if (sent.has('stream') && /\bstream(?:s|ed|ing)?\b/i.test(text)) return 'stream'
  if (status >= 500 && status !== 501) return undefined
  if (namesAnother(text) || !(isWordless(text) || UNKNOWN_MEMBER.test(text))) return undefined
  return (['usage', 'stream'] as const).find((one) => sent.has(one) && !known.isAccepted(one))
}

/** Whether OpenAI's `param` says which member was wrong: had it been one of ours, it would have been found. */
function namesAnother(text: string): boolean {
  return /"param"\s*:\s*"[^"]/.test(text)
}

/** Whether a refusal has no reason at all. */
function isWordless(text: string): boolean {
  return !/[a-z]{3}/i.test(text.replace(/<[^>]*>/g, ' '))
}
