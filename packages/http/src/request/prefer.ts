/** Whether a `Prefer` header (RFC 7240) asks for `handling=strict`: errors as errors. The first of several counts. */
export function prefersStrict(prefer: string | undefined): boolean {
  if (prefer === undefined) return false
  for (const preference of prefer.split(',')) {
    const [name, value] = preference.split(';', 1)[0]!.split('=', 2)
    if (name!.trim().toLowerCase() !== 'handling') continue
    return value !== undefined && /^\s*"?strict"?\s*$/i.test(value)
  }
  return false
}
