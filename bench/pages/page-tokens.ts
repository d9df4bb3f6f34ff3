/** Paragraphs as models write them: so many tokens, then an empty line. */
const PARAGRAPH_TOKENS = 80
const LETTERS = 'etaoinshrdlucmfwypvbgk'
const VOCABULARY = createVocabulary()

/** Token `index` of the text that pages paint: a word with its space, at times with a full stop, now and then a paragraph's end. */
export function pageTokenOf(index: number): string {
  const place = index % PARAGRAPH_TOKENS
  if (place === PARAGRAPH_TOKENS - 1) return '.\n\n'
  return ` ${VOCABULARY[Math.imul(index + 1, 40_503) & (VOCABULARY.length - 1)]!}${place % 13 === 12 ? '.' : ''}`
}

/** What so many tokens say. */
export function pageTextOf(tokens: number): string {
  return Array.from({ length: tokens }, (_, index) => pageTokenOf(index)).join('')
}

function createVocabulary(): readonly string[] {
  let state = 0x2545f491
  const next = (below: number): number => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9
    return (state >>> 8) % below
  }
  return Array.from({ length: 2_048 }, () => {
    const letters = 1 + next(4) + next(5)
    return Array.from({ length: letters }, () => LETTERS[Math.min(next(LETTERS.length), next(LETTERS.length))]!).join(
      '',
    )
  })
}
