const MAX_CAUSES = 4

/** What an error and its causes say, outermost first, each once: for the operator, never for a client. */
export function describeError(error: unknown): string {
  const words: string[] = []
  let next: unknown = error
  for (let depth = 0; depth <= MAX_CAUSES && next !== undefined && next !== null; depth++) {
    const { message, code, cause } = next as NodeJS.ErrnoException
    // Where several addresses were tried, each failure is an error of its own.
    const tried = next instanceof AggregateError ? (next.errors as readonly unknown[])[0] : undefined
    const said = typeof message === 'string' && message !== '' ? message : tried === undefined ? wordOf(next) : ''
    if (said !== '') words.push(typeof code !== 'string' || said.includes(code) ? said : `${said} (${code})`)
    next = tried ?? cause
  }
  return [...new Set(words)].join(': ')
}

/** What somebody threw that is no error, or one without words. */
function wordOf(value: unknown): string {
  if (value instanceof Error) return value.name
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? typeof value)
}
