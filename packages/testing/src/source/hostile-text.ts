import fc from 'fast-check'

/** Pieces of text that have broken encoders, parsers and chunkers. */
const HOSTILE_PIECES: readonly string[] = [
  ...['\r', '\n', '\r\n', '\n\n', '\0', '\t', '\u0085', '\u2028', '\u2029', '\u000b', '\u001b[31m', '\u007f', '\u0080'],
  ...['data:', 'data: ', ': comment', 'event: end\n\n', 'id: 1\n', 'retry: 1\r\n', '[DONE]', '\n\ndata: [DONE]\n\n'],
  ...[']]>', '</script>', '<!--', '"', '\\', '\\u0000', '\\n', '{"type":"end"}', '${x}', '%00', '`', "'"],
  ...['__proto__', 'constructor', 'undefined', 'null', 'NaN', ' ', '  ', '   ', '\u00a0', '\u200b', '\u3000'],
  ...['é', 'e\u0301', 'ß', 'ﬃ', 'ñandú', 'İ', 'ǅ', '\u0000\u0301', 'Z\u0351\u036b\u0343\u036a\u0302'],
  ...['你好，世界。', '日本語のテキスト', '한국어', '𠮷野家', '฿ภาษาไทย', 'नमस्ते', '\u200dक्\u200dष'],
  ...['مرحبا', 'שלום', '\u202eRTL\u202c', '\u2067מ\u2069', 'ab\u200fcd'],
  ...['😀', '👨‍👩‍👧‍👦', '👩🏽‍🚀', '🏳️‍🌈', '🇩🇪', '1️⃣', '𝒳', '\u{10ffff}', '\u{1f468}\u200d'],
  ...['\ufeff', '\ufffd', '\ufffe', '\uffff', '\ufdd0', '\ud7ff', '\ue000', '\uf8ff'],
]

/** Halves of surrogate pairs, alone or in the wrong order. */
const LONE_SURROGATES: readonly string[] = [
  '\ud83d',
  '\ude00',
  '\udfff\ud800',
  '\ud800\ud800',
  '\udc00\udc00',
  '\udbff',
]

/** What a hostile text may hold. */
export interface HostileTextOptions {
  /**
   * Whether halves of surrogate pairs may stand alone. False gives text that is valid Unicode.
   * @defaultValue true
   */
  loneSurrogates?: boolean | undefined
  /**
   * Pieces a text is made of, at most.
   * @defaultValue 12
   */
  maxPieces?: number | undefined
}

/**
 * Text that has broken streams before: line ends, NUL, SSE fields, markup, surrogates, joined emoji, right-to-left and
 * combining marks, byte order marks, mixed with plain words and arbitrary units.
 *
 * @example
 * ```ts
 * check(fc.property(hostileText({ loneSurrogates: false }), (text) => decode(encode(text)) === text))
 * ```
 */
export function hostileText(options: HostileTextOptions = {}): fc.Arbitrary<string> {
  const { loneSurrogates = true, maxPieces = 12 } = options
  const piece = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...HOSTILE_PIECES) },
    { weight: 2, arbitrary: fc.lorem({ maxCount: 3 }) },
    { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
    { weight: loneSurrogates ? 2 : 0, arbitrary: fc.constantFrom(...LONE_SURROGATES) },
  )
  const text = fc.array(piece, { maxLength: maxPieces }).map((pieces) => pieces.join(''))
  return loneSurrogates ? text : text.filter((value) => value.isWellFormed())
}
