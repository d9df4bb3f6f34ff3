/** How much further it is looked than asked: longer than any character that is one in a reader's eyes. */
const AHEAD_CHARS = 64

let segmenter: Intl.Segmenter | undefined

/** The last place at or before `most` where no character, as a reader sees it, is cut. `text` begins at such a place. */
export function cutAtGrapheme(text: string, most: number): number {
  // Of Latin letters and the like nothing goes on, but for a line's end: asking costs as much as painting.
  const after = text.charCodeAt(most)
  if (text.charCodeAt(most - 1) < 0x300 && after < 0x300 && after > 31) return most
  // Old browsers have no segmenter: there a character may be whole only with the next update.
  if (!Intl.Segmenter) return most
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' })
  // Beyond its end there is no segment: all of it is whole.
  return segmenter.segment(text.slice(0, most + AHEAD_CHARS)).containing(most)?.index ?? text.length
}
