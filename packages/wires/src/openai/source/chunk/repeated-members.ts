import type { Json } from '@sluice/core'
import { isJsonObject } from '../../../json/json-object.ts'

/** A member of a JSON object. */
export type Member = readonly [name: string, value: Json]

/** Members of one chunk, by whether the chunk before had the same. */
export interface SortedMembers {
  readonly news: readonly Member[]
  readonly repeated: readonly Member[]
}

const NOTHING: SortedMembers = { news: [], repeated: [] }

/**
 * Tells what is new in a chunk from what the chunk before had, too: backends repeat the same few facts in all chunks of
 * an answer, and a token that carries nothing else costs a fraction of one with members of its own.
 */
export class RepeatedMembers {
  readonly #maxRememberedChars: number
  #before: ReadonlyMap<string, Json> = new Map()

  /** A longer value is remembered by nobody: it counts as new each time. */
  constructor(maxRememberedChars: number) {
    this.#maxRememberedChars = maxRememberedChars
  }

  sort(members: readonly Member[]): SortedMembers {
    const before = this.#before
    if (members.length === 0) {
      if (before.size > 0) this.#before = new Map()
      return NOTHING
    }
    const now = new Map<string, Json>()
    const news: Member[] = []
    const repeated: Member[] = []
    for (const member of members) {
      const [name, value] = member
      const key = isJsonObject(value) || Array.isArray(value) || typeof value === 'string' ? keyOf(value) : value
      if (before.has(name) && before.get(name) === key) repeated.push(member)
      else news.push(member)
      if (typeof key !== 'string' || key.length <= this.#maxRememberedChars) now.set(name, key)
    }
    this.#before = now
    return { news, repeated }
  }
}

/** Objects are compared by what they hold. */
function keyOf(value: Json): string {
  return JSON.stringify(value)
}
