import type { Json } from '@sluice/core'
import type { JsonObject } from '../../../json/json-object.ts'
import { type Member, RepeatedMembers } from './repeated-members.ts'

/** Facts of the whole answer: told when they change, and of no interest by themselves. */
const FACTS: ReadonlySet<string> = new Set(['model', 'provider', 'service_tier', 'system_fingerprint'])
/** Longer members are told each time: a list of citations is shorter, an image is not. */
const MAX_REMEMBERED_CHARS = 64 * 1024

/** Sorts the members of an answer's chunks that are beyond our model. */
export class ChunkMembers {
  readonly #facts: Map<string, Json | undefined> = new Map()
  readonly #others: RepeatedMembers = new RepeatedMembers(MAX_REMEMBERED_CHARS)

  constructor(model: Json | undefined) {
    this.#facts.set('model', model)
  }

  /** What is new in `chunk`; and what the chunk before had too, which is told only where nothing else is. */
  sort(chunk: JsonObject): { news: JsonObject | undefined; repeated: JsonObject | undefined } {
    const facts: Member[] = []
    const others: Member[] = []
    for (const name in chunk) {
      const value = chunk[name]
      if (value === null || value === undefined || isModelled(name)) continue
      if (!FACTS.has(name)) others.push([name, value])
      else if (value !== '' && this.#facts.get(name) !== value) {
        this.#facts.set(name, value)
        facts.push([name, value])
      }
    }
    const { news, repeated } = this.#others.sort(others)
    return { news: toObject(facts.length === 0 ? news : [...facts, ...news]), repeated: toObject(repeated) }
  }
}

function isModelled(name: string): boolean {
  switch (name) {
    case 'id':
    case 'object':
    case 'created':
    case 'choices':
    case 'usage':
    case 'error':
    // Noise that hides how long a token was; we cut an answer otherwise.
    case 'obfuscation':
      return true
    default:
      return false
  }
}

function toObject(members: readonly Member[]): JsonObject | undefined {
  return members.length === 0 ? undefined : Object.fromEntries(members)
}
