/** How much further it is looked than asked: longer than any character that is one in a reader's eyes. */
const AHEAD_CHARS = 64
const LOW_HALF = /^[\udc00-\udfff]/

let segmenter: Intl.Segmenter | undefined

/** The last place at or before `most` where no character, as a reader sees it, is cut. `text` begins at such a place. */
export function cutAtGrapheme(text: string, most: number): number {
  // Old browsers have no segmenter; the halves of one code point stay together there.
  if (!Intl.Segmenter) return LOW_HALF.test(text.slice(most)) ? most - 1 : most
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' })
  return segmenter.segment(text.slice(0, most + AHEAD_CHARS)).containing(most)?.index ?? text.length
}
