/** Quotes what was given; whatever could be a password in a URL is left out. */
export function show(text: string): string {
  const masked = text.replace(/^([a-z+]+:\/\/)?.*@/i, '$1***@').replace(/(password=)[^&]*/gi, '$1***')
  return JSON.stringify(masked.slice(0, 80))
}
