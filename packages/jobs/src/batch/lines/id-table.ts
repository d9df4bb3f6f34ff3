import { hash } from 'node:crypto'

/** Slots for a new table; doubled whenever three quarters are taken. */
const FIRST_SLOTS = 1024

/**
 * Which line has which `custom_id`, without the ids: 12 bytes a slot, some 3 MB for 100,000 lines however long their ids are. An id
 * is known by 64 bits of its SHA-256: that two of 100,000 are taken for one comes about once in four billion files.
 */
export class IdTable {
  /** Three words a slot: two of the hash and the line; no line is 0. */
  #slots: Uint32Array = new Uint32Array(3 * FIRST_SLOTS)
  #size = 0

  /** How many ids there are. */
  get size(): number {
    return this.#size
  }

  /** Adds an id, unless it is there: then the line that has it. */
  add(id: string, line: number): number | undefined {
    if (4 * (this.#size + 1) > 3 * (this.#slots.length / 3)) this.#grow()
    const [high, low] = wordsOf(id)
    const at = this.#placeOf(high, low)
    const known = this.#slots[at + 2]!
    if (known !== 0) return known
    this.#put(at, high, low, line)
    this.#size++
    return undefined
  }

  /** The line that has this id. */
  lineOf(id: string): number | undefined {
    const [high, low] = wordsOf(id)
    return this.#slots[this.#placeOf(high, low) + 2] || undefined
  }

  /** Where it is, or where it would be. */
  #placeOf(high: number, low: number): number {
    const slots = this.#slots
    let at = 3 * (low % (slots.length / 3))
    while (slots[at + 2] !== 0 && (slots[at] !== high || slots[at + 1] !== low)) at = (at + 3) % slots.length
    return at
  }

  #put(at: number, high: number, low: number, line: number): void {
    this.#slots[at] = high
    this.#slots[at + 1] = low
    this.#slots[at + 2] = line
  }

  #grow(): void {
    const before = this.#slots
    this.#slots = new Uint32Array(2 * before.length)
    for (let at = 0; at < before.length; at += 3) {
      const line = before[at + 2]!
      if (line !== 0) this.#put(this.#placeOf(before[at]!, before[at + 1]!), before[at]!, before[at + 1]!, line)
    }
  }
}

function wordsOf(id: string): [high: number, low: number] {
  const digest = hash('sha256', id, 'buffer')
  return [digest.readUInt32LE(0), digest.readUInt32LE(4)]
}
