/** One member of a JSON object as it was written. */
export interface JsonMember {
  readonly name: string
  /** Text of the value, digit for digit. */
  readonly value: string
  /** Where its name begins in the object's text, and where its value ends. */
  readonly start: number
  readonly end: number
}

/**
 * The members of the object that `text` holds, in the order they were written, repeated ones included. `text` is known to be
 * the JSON of an object: it has been parsed before.
 */
export function jsonMembersOf(text: string): JsonMember[] {
  const members: JsonMember[] = []
  let at = skipSpace(text, text.indexOf('{') + 1)
  while (at < text.length && text[at] !== '}') {
    const start = at
    const nameEnd = endOfString(text, start)
    const valueStart = skipSpace(text, skipSpace(text, nameEnd) + 1)
    const end = endOfValue(text, valueStart)
    const name = JSON.parse(text.slice(start, nameEnd)) as string
    members.push({ name, value: text.slice(valueStart, end), start, end })
    at = skipSpace(text, end)
    if (text[at] === ',') at = skipSpace(text, at + 1)
  }
  return members
}

/**
 * The object that `text` holds, with other members: a value's own JSON text, or `undefined` for a member that is left out.
 * All else stays as it was written, digit for digit, which parsing and writing again would not do: `1.0`, `1e400`, integers
 * beyond 2^53, members of one name. A member that is named here is written once, in its last place.
 *
 * @example
 * ```ts
 * editJsonText('{"a":1e400,"b":1}', { b: undefined, c: 'true' }) // '{"a":1e400,"c":true}'
 * ```
 */
export function editJsonText(text: string, edits: { readonly [name: string]: string | undefined }): string {
  const members = jsonMembersOf(text)
  const last = new Map(members.map(({ name }, index) => [name, index]))
  const written: string[] = []
  let changed = false
  for (const [index, { name, value, start, end }] of members.entries()) {
    const isLast = last.get(name) === index
    const edited = edits[name]
    if (!Object.hasOwn(edits, name) || (isLast && edited === value)) written.push(text.slice(start, end))
    else {
      changed = true
      if (isLast && edited !== undefined) written.push(memberText(name, edited))
    }
  }
  for (const [name, value] of Object.entries(edits)) {
    if (value === undefined || last.has(name)) continue
    changed = true
    written.push(memberText(name, value))
  }
  return changed ? `{${written.join(',')}}` : text
}

function memberText(name: string, value: string): string {
  return `${JSON.stringify(name)}:${value}`
}

function skipSpace(text: string, at: number): number {
  let next = at
  while (isSpace(text.charCodeAt(next))) next++
  return next
}

function isSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09
}

/** Just behind the quote that closes the string at `start`. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let escapes = 0
    while (text[quote - 1 - escapes] === '\\') escapes++
    if (escapes % 2 === 0) return quote + 1
  }
  return text.length
}

/** Just behind the value at `start`. */
function endOfValue(text: string, start: number): number {
  let depth = 0
  let at = start
  while (at < text.length) {
    const unit = text[at]
    if (unit === '"') {
      at = endOfString(text, at)
      if (depth === 0) return at
      continue
    }
    if (unit === '{' || unit === '[') depth++
    else if (unit === '}' || unit === ']') {
      // A bare number or word ends where what it is a member of ends.
      if (depth === 0) return at
      if (--depth === 0) return at + 1
    } else if (depth === 0 && (unit === ',' || isSpace(text.charCodeAt(at)))) return at
    at++
  }
  return at
}
