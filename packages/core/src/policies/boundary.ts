import { SluiceError } from '../errors.ts'
import { requireNumber } from '../option-rules.ts'
import type { ChunkingPolicy } from '../policy.ts'

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
 * `maxDelayMs` leaves unfinished; a boundary inside a token is moved before that token, since chunks end on events.
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
  const unit = options.unit ?? DEFAULT_BOUNDARY_OPTIONS.unit
  const maxDelayMs = requireNumber('maxDelayMs', options.maxDelayMs ?? DEFAULT_BOUNDARY_OPTIONS.maxDelayMs, 0, 60_000)
  const lastBoundary = unit === 'line' ? lastLineEnd : segmentedBy(unit, options.locale)
  return {
    name: `boundary-${unit}`,
    maxDelayMs,
    take(view) {
      if (view.ended) return view.pending
      const text = view.text()
      if (text === '') return view.pending
      return view.eventsWithin(lastBoundary(text))
    },
  }
}

function lastLineEnd(text: string): number {
  return text.lastIndexOf('\n') + 1
}

/** Everything before the last segment is finished: the next token may still continue the last one. */
function segmentedBy(unit: 'grapheme' | 'word' | 'sentence', locale: string | undefined): (text: string) => number {
  if (unit !== 'grapheme' && unit !== 'word' && unit !== 'sentence') {
    throw new SluiceError(
      'SLUICE_ERR_OPTION',
      `The option "unit" is ${JSON.stringify(unit)}; it must be "grapheme", "word", "sentence" or "line".`,
    )
  }
  const segmenter = new Intl.Segmenter(locale, { granularity: unit })
  return (text) => {
    const last = segmenter.segment(text).containing(text.length - 1)
    return last?.index ?? 0
  }
}
