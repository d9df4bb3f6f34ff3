const LINE_ENDS = /[\u0085\u2028\u2029]/g

/**
 * `value` as JSON that no reader takes for several lines: U+0085, U+2028 and U+2029 are escaped. JSON leaves them as they are,
 * and some readers end a line at them, in the middle of a text: those of Python's `str.splitlines`. All else that they end
 * lines at JSON escapes itself.
 *
 * @example
 * ```ts
 * jsonLine({ text: 'a\u2028b' }) // {"text":"a\u2028b"}, with a backslash
 * ```
 */
export function jsonLine(value: unknown): string {
  const json = JSON.stringify(value)
  // Faster than an expression: most text is of Latin letters, among which two of these cannot be.
  const has = json.includes('\u0085') || json.includes('\u2028') || json.includes('\u2029')
  return has ? json.replace(LINE_ENDS, escapeUnit) : json
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
