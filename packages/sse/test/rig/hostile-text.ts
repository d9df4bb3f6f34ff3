import fc from 'fast-check'

const scraps = fc.constantFrom(
  ...[
    '\r',
    '\n',
    '\r\n',
    '\n\n',
    '\r\r',
    '\0',
    '\u{2028}',
    '\u{2029}',
    '\u{85}',
    '\u{FEFF}',
    '\u{D800}',
    '\u{DC00}',
    '😀',
  ],
  ...['data:', 'data: x', 'id: 9', 'event: end', 'retry: 0', ':', ' ', '[DONE]', ']]>', '</script>', '"', '\\', '{}'],
)

/** Text made to break out of a field. */
export const hostileText: fc.Arbitrary<string> = fc
  .array(fc.oneof({ weight: 2, arbitrary: scraps }, fc.string({ unit: 'binary', maxLength: 4 })), { maxLength: 12 })
  .map((parts) => parts.join(''))

/** What SSE makes of text: it knows one line end, and UTF-8 has no lone surrogates. */
export function asCarried(text: string): string {
  return text.replace(/\r\n|\r/g, '\n').toWellFormed()
}
