import type { ChunkingPolicy } from '@sluice/core'

/** Throws for readers that wish for chunks of 7 tokens, when they have had two; at once for those that wish for 6. */
export const FAULTY: ChunkingPolicy = {
  name: 'faulty',
  maxDelayMs: 50,
  create(reader) {
    if (reader.wishes.maxTokens === 6) throw new Error('own fault')
    return {
      take(view) {
        if (reader.wishes.maxTokens === 7 && view.position >= 2) throw new Error('own fault')
        return 1
      },
    }
  },
}
