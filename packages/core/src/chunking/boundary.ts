import { invalidOption, requireKnownNames, requireNumber, withDefault } from '../events/option-rules.ts'
import type { Chunker, ChunkingPolicy } from './policy.ts'
import { honourWishes } from './honour-wishes.ts'

/** Options of {@link boundary}. */
export interface BoundaryOptions {
  /** What a chunk ends on. Default `word`. */
  unit?: 'grapheme' | 'word' | 'sentence' | 'line' | undefined
  /** BCP 47 language tag for the segmentation rules. Default: the host's. */
  locale?: string | undefined
  /** Longest time text waits for its boundary, in milliseconds. Default 50. */
  maxDelayMs?: number | undefined
}

/** Defaults of {@link boundary}. */
export const DEFAULT_BOUNDARY_OPTIONS = { unit: 'word', maxDelayMs: 50 } as const

/**
 * Chunks end after whole words, sentences or lines. Words are found with `Intl.Segmenter`, so that Chinese, Japanese
 * and Thai flow too, and no grapheme (an emoji family, a flag) is shown in parts. What would wait longer than
 * `maxDelayMs` leaves unfinished. Chunks end on tokens, so a boundary inside a token is no place to end. A client's wishes
 * make the delay shorter and chunks smaller, never larger.
 *
 * Segmentation: Unicode Standard Annex 29, as implemented by `Intl.Segmenter`.
 *
 * @throws SluiceError `SLUICE_ERR_OPTION`
 * @example
 * ```ts
 * const sluice = createSluice({ reader: { chunking: boundary({ unit: 'sentence', maxDelayMs: 300 }) } })
 * ```
 */
export function boundary(options: BoundaryOptions = {}): ChunkingPolicy {
  requireKnownNames('boundary', options, ['unit', 'locale', 'maxDelayMs'])
  const unit = withDefault(options.unit, DEFAULT_BOUNDARY_OPTIONS.unit)
  if (!UNITS.includes(unit)) throw invalidOption('unit', unit, '"grapheme", "word", "sentence" or "line"')
  const maxDelayMs = requireNumber(
    'maxDelayMs',
    withDefault(options.maxDelayMs, DEFAULT_BOUNDARY_OPTIONS.maxDelayMs),
    0,
    60_000,
  )
  const boundariesOf = findBoundaries(unit, requireLocale(options.locale))
  return honourWishes(`boundary-${unit}`, maxDelayMs, (maxTokens): Chunker['take'] => (view) => {
    if (view.ended) return view.pending
    const pieces = view.pieces()
    const whole = takeWhole(pieces.length > maxTokens ? pieces.slice(0, maxTokens) : pieces, boundariesOf)
    return whole === 0 && view.pending >= maxTokens ? maxTokens : whole
  })
}

const UNITS: readonly unknown[] = ['grapheme', 'word', 'sentence', 'line']

/** The most events that end where a unit ends. An event without text ends what stands before it. */
function takeWhole(
  pieces: readonly (string | undefined)[],
  boundariesOf: (text: string) => ReadonlySet<number>,
): number {
  const run = pieces.lastIndexOf(undefined) + 1
  const tail = pieces.slice(run) as string[]
  const boundaries = boundariesOf(tail.join(''))
  let end = 0
  let whole = 0
  for (const [index, piece] of tail.entries()) {
    end += piece.length
    if (boundaries.has(end)) whole = index + 1
  }
  return run + whole
}

/** Where units end in a text that may still go on: what could change with its next character is left out. */
function findBoundaries(
  unit: NonNullable<BoundaryOptions['unit']>,
  locale: string | undefined,
): (text: string) => Set<number> {
  if (unit === 'line') return lineEnds
  const segmenter = new Intl.Segmenter(locale, { granularity: unit })
  return (text) => {
    const starts = new Set<number>()
    let last: Intl.SegmentData | undefined
    for (const segment of segmenter.segment(text)) {
      starts.add(segment.index)
      last = segment
    }
    // A full stop or an apostrophe may turn out to stand within a word: 3.14, can't (UAX 29, WB6 to WB12).
    if (unit === 'word' && last && !last.isWordLike && last.segment.trim() !== '') starts.delete(last.index)
    return starts
  }
}

function lineEnds(text: string): Set<number> {
  const ends = new Set<number>()
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) ends.add(at + 1)
  return ends
}

function requireLocale(locale: string | undefined): string | undefined {
  if (locale === undefined) return undefined
  try {
    return Intl.getCanonicalLocales(locale)[0]
  } catch {
    throw invalidOption('locale', locale, 'a BCP 47 language tag, for instance "ja" or "de-CH"')
  }
}
