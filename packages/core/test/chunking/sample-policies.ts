import type { ChunkingPolicy, PolicyView } from '@sluice/core'

// As docs/chunking.md has them; a test compares the two.

const endOfSentence = (view: PolicyView): number =>
  view.pieces().findIndex((piece) => /[.!?]["')]*\s*$/.test(piece ?? '')) + 1

export const sentenceFirst: ChunkingPolicy = {
  name: 'sentence-first',
  maxDelayMs: 900,
  create({ resumed }) {
    const isFirst = (view: PolicyView): boolean => !resumed && view.position === 0
    return {
      boundMs: (view) => (isFirst(view) && endOfSentence(view) === 0 ? 900 : 50),
      take(view) {
        if (isFirst(view)) return endOfSentence(view)
        return view.pending >= 8 ? view.pending : -8
      },
    }
  },
}

export const firstEightThenSixteen: ChunkingPolicy = {
  name: 'first-eight-then-sixteen',
  maxDelayMs: 1_000,
  create() {
    let wanted = 8
    return {
      take(view) {
        if (view.pending < wanted) return -wanted
        const taken = wanted
        wanted = 16
        return taken
      },
    }
  },
}

export const followPaint: ChunkingPolicy = {
  name: 'follow-paint',
  maxDelayMs: 0,
  pace: ({ paintRate }) =>
    paintRate === undefined ? undefined : { tokensPerSecond: Math.min(Math.max(paintRate, 1), 500), burstTokens: 1 },
  take: (view) => view.pending,
}
