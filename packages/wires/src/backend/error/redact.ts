/** Replaces our own secrets in what a backend said. */
export type Redact = (text: string) => string

/** Headers whose values are nobody's business but the backend's. */
const SECRET_HEADERS = ['authorization', 'proxy-authorization', 'api-key', 'x-api-key', 'x-goog-api-key', 'cookie']
const MASK = '***'
/** A shorter key may be a part of any word: it is replaced only where it stands alone. */
const MIN_PART_CHARS = 8

/** Makes the redaction for a request with these headers (names in lower case): some backends echo the key they refuse. */
export function createRedact(headers: Readonly<Record<string, string>>): Redact {
  const secrets = SECRET_HEADERS.flatMap((name) => secretsOf(headers[name] ?? ''))
  // The longest first: one secret may be a part of another.
  const spellings = [...new Set(secrets.flatMap(spellingsOf))].toSorted((a, b) => b.length - a.length)
  if (spellings.length === 0) return (text) => text
  const pattern = new RegExp(spellings.map(patternOf).join('|'), 'g')
  return (text) => text.replace(pattern, MASK)
}

/** The value itself, and without its scheme (`Bearer …`). */
function secretsOf(value: string): string[] {
  const whole = value.trim()
  const [, bare = ''] = /^[A-Za-z][A-Za-z0-9-]* +(\S.*)$/.exec(whole) ?? []
  return (bare === '' ? [whole] : [bare]).filter((secret) => secret !== '')
}

/** As it is, as JSON text has it, and as a URL has it. */
function spellingsOf(secret: string): string[] {
  return [secret, JSON.stringify(secret).slice(1, -1), percentEncoded(secret)]
}

function percentEncoded(secret: string): string {
  try {
    return encodeURIComponent(secret)
  } catch {
    // Half a surrogate pair has no such spelling.
    return secret
  }
}

function patternOf(secret: string): string {
  const literal = secret.replace(/[^A-Za-z0-9]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return secret.length < MIN_PART_CHARS ? `(?<![A-Za-z0-9])${literal}(?![A-Za-z0-9])` : literal
}
