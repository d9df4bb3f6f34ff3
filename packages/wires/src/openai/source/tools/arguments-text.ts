/**
 * Follows the JSON text of one call's arguments while it comes in pieces: whether it is complete, and whether more only
 * repeats it.
 */
export class ArgumentsText {
  /** `other`: no JSON object, so that nobody can tell where it ends. */
  state: 'blank' | 'open' | 'complete' | 'other' = 'blank'
  #depth = 0
  #inString = false
  #escaped = false
  #length = 0
  #sum = 0
  #hash = 0

  /** Takes what of `text` belongs to these arguments: gives the number of units. */
  take(text: string): number {
    let at = 0
    for (; at < text.length; at++) {
      if (this.state === 'other') return text.length
      const unit = text.charCodeAt(at)
      if (this.state === 'open') this.#follow(unit)
      else if (!isBlank(unit)) {
        if (this.state === 'complete') break
        this.state = unit === BRACE_OPEN ? 'open' : 'other'
        if (this.state === 'open') this.#follow(unit)
      }
    }
    return at
  }

  /** What came so far only stood for the arguments that come now. */
  restart(): void {
    this.state = 'blank'
    this.#length = this.#sum = this.#hash = 0
  }

  /** Whether `text` is what these arguments were, once more. */
  isRepeatedBy(text: string): boolean {
    const again = new ArgumentsText()
    const value = text.trim()
    if (again.take(value) !== value.length || again.state !== 'complete' || this.state !== 'complete') return false
    // Keeping what all calls were given, to compare it, would be memory for a fault that is rare.
    return again.#length === this.#length && again.#sum === this.#sum && again.#hash === this.#hash
  }

  #follow(unit: number): void {
    this.#length++
    this.#sum = (Math.imul(this.#sum, 31) + unit) | 0
    this.#hash = Math.imul(this.#hash ^ unit, 16_777_619)
    if (this.#escaped) this.#escaped = false
    else if (this.#inString) {
      if (unit === BACKSLASH) this.#escaped = true
      else if (unit === QUOTE) this.#inString = false
    } else if (unit === QUOTE) this.#inString = true
    else if (unit === BRACE_OPEN || unit === BRACKET_OPEN) this.#depth++
    else if ((unit === BRACE_CLOSE || unit === BRACKET_CLOSE) && --this.#depth === 0) this.state = 'complete'
  }
}

/** Whether `text` begins like arguments do. */
export function beginsArguments(text: string): boolean {
  return /^\s*\{/.test(text)
}

const QUOTE = 34
const BACKSLASH = 92
const BRACKET_OPEN = 91
const BRACKET_CLOSE = 93
const BRACE_OPEN = 123
const BRACE_CLOSE = 125

function isBlank(unit: number): boolean {
  return unit === 32 || unit === 10 || unit === 13 || unit === 9
}
