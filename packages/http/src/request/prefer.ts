/**
 * What a `Prefer` header (RFC 7240) says of `name`: its value, empty where it has none; `undefined` where it is not there. The
 * first of several counts.
 */
export function preferenceOf(prefer: string | undefined, name: string): string | undefined {
  if (prefer === undefined) return undefined
  for (const preference of prefer.split(',')) {
    const [token, value = ''] = preference.split(';', 1)[0]!.split('=', 2)
    if (token!.trim().toLowerCase() === name) return value.trim().replace(/^"(.*)"$/, '$1')
  }
  return undefined
}

/** Whether a `Prefer` header asks for `handling=strict`: errors as errors. */
export function prefersStrict(prefer: string | undefined): boolean {
  return preferenceOf(prefer, 'handling')?.toLowerCase() === 'strict'
}
